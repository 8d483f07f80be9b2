import type { StateKey } from '@medrex/keys';
import type { Chaincode, ChaincodeStub } from '../chaincode.ts';

interface Asset {
  readonly id: string;
  readonly owner: string;
  readonly value: number;
}

/**
 * A plain contract of the shape that Fabric's samples teach: one function, one asset, one key, and an error for what must not
 * be. It knows nothing of batches, records or declared keys.
 *
 * `createAsset id owner value` | `readAsset id` | `updateAsset id owner value` | `transferAsset id newOwner` |
 * `addValue id amount` | `deleteAsset id` | `assetExists id` | `getAllAssets`.
 */
export function assetChaincode(name = 'basic', version = '1'): Chaincode {
  return {
    name,
    version,
    async invoke(stub, fn, args) {
      const run = functions[fn];
      if (run === undefined) throw new Error(`there is no function ${fn}`);
      const answer = await run(
        stub,
        args.map((arg) => Buffer.from(arg).toString()),
      );
      const payload = answer === undefined ? '' : JSON.stringify(answer);
      return { status: 200, message: '', payload: Buffer.from(payload) };
    },
  };
}

type Run = (stub: ChaincodeStub, args: readonly string[]) => Promise<unknown>;

const functions: Readonly<Record<string, Run>> = {
  async createAsset(stub, [id = '', owner = '', value = '0']) {
    if ((await stub.getState(id as StateKey)) !== undefined) throw new Error(`asset ${id} is there already`);
    return put(stub, { id, owner, value: Number(value) });
  },
  readAsset: (stub, [id = '']) => get(stub, id),
  async updateAsset(stub, [id = '', owner = '', value = '0']) {
    await get(stub, id);
    return put(stub, { id, owner, value: Number(value) });
  },
  async transferAsset(stub, [id = '', newOwner = '']) {
    const asset = await get(stub, id);
    put(stub, { ...asset, owner: newOwner });
    return asset.owner;
  },
  async addValue(stub, [id = '', amount = '0']) {
    const asset = await get(stub, id);
    return put(stub, { ...asset, value: asset.value + Number(amount) });
  },
  async deleteAsset(stub, [id = '']) {
    await get(stub, id);
    stub.deleteState(id as StateKey);
    return undefined;
  },
  async assetExists(stub, [id = '']) {
    return (await stub.getState(id as StateKey)) !== undefined;
  },
  async getAllAssets(stub) {
    const assets: unknown[] = [];
    for await (const { value } of stub.getStateByRange('', '')) assets.push(JSON.parse(Buffer.from(value).toString()));
    return assets;
  },
};

async function get(stub: ChaincodeStub, id: string): Promise<Asset> {
  const value = await stub.getState(id as StateKey);
  if (value === undefined) throw new Error(`asset ${id} is not there`);
  return JSON.parse(Buffer.from(value).toString()) as Asset;
}

function put(stub: ChaincodeStub, asset: Asset): Asset {
  stub.putState(asset.id as StateKey, Buffer.from(JSON.stringify(asset)));
  return asset;
}
