import { Contract, type Context } from 'fabric-contract-api';

interface Asset {
  readonly ID: string;
  readonly Color: string;
  readonly Size: number;
  readonly Owner: string;
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** A contract like those of the Fabric samples, with additional functions for the tests. */
export class AssetContract extends Contract {
  constructor() {
    super('AssetContract');
  }

  async InitLedger(ctx: Context): Promise<void> {
    for (const number of [1, 2, 3]) await this.#put(ctx, assetOf(`asset${number}`, 'blue', String(number), 'ann'));
  }

  async CreateAsset(ctx: Context, id: string, color: string, size: string, owner: string): Promise<string> {
    if (await this.AssetExists(ctx, id)) throw new Error(`The asset ${id} already exists`);
    const asset = assetOf(id, color, size, owner);
    await this.#put(ctx, asset);
    ctx.stub.setEvent('AssetCreated', json({ id }));
    return JSON.stringify(asset);
  }

  async ReadAsset(ctx: Context, id: string): Promise<string> {
    const bytes = await ctx.stub.getState(id);
    if (bytes.length === 0) throw new Error(`The asset ${id} does not exist`);
    return Buffer.from(bytes).toString();
  }

  async AssetExists(ctx: Context, id: string): Promise<boolean> {
    return (await ctx.stub.getState(id)).length > 0;
  }

  async TransferAsset(ctx: Context, id: string, owner: string): Promise<string> {
    const asset = JSON.parse(await this.ReadAsset(ctx, id)) as Asset;
    await this.#put(ctx, { ...asset, Owner: owner });
    ctx.stub.setEvent('AssetTransferred', json({ id, owner }));
    return asset.Owner;
  }

  async DeleteAsset(ctx: Context, id: string): Promise<void> {
    await this.ReadAsset(ctx, id);
    await ctx.stub.deleteState(id);
  }

  async GetAllAssets(ctx: Context): Promise<string> {
    return JSON.stringify(await this.#keys(ctx, '', ''));
  }

  /** Writes without reading. */
  async PutBlind(ctx: Context, id: string, value: string): Promise<void> {
    await ctx.stub.putState(id, Buffer.from(value));
  }

  /** Reads a range and writes the number of its keys to a key outside of it. */
  async CountAssets(ctx: Context, start: string, end: string, into: string): Promise<number> {
    const keys = await this.#keys(ctx, start, end);
    await ctx.stub.putState(into, Buffer.from(String(keys.length)));
    return keys.length;
  }

  async FillAssets(ctx: Context, prefix: string, count: string): Promise<void> {
    for (let number = 0; number < Number(count); number++) {
      await this.#put(ctx, assetOf(`${prefix}${String(number).padStart(4, '0')}`, 'red', String(number), 'bea'));
    }
  }

  async QueryAssets(ctx: Context, query: string): Promise<string> {
    const keys: string[] = [];
    for await (const { key } of ctx.stub.getQueryResult(query)) keys.push(key);
    return JSON.stringify(keys);
  }

  async PageOfAssets(ctx: Context, start: string, end: string, size: string, bookmark: string): Promise<string> {
    const page = ctx.stub.getStateByRangeWithPagination(start, end, Number(size), bookmark);
    const keys: string[] = [];
    for await (const { key } of page) keys.push(key);
    const { metadata } = await page;
    return JSON.stringify({ keys, bookmark: metadata.bookmark, count: metadata.fetchedRecordsCount });
  }

  async HistoryOf(ctx: Context, id: string): Promise<string> {
    const owners: (string | null)[] = [];
    for await (const change of ctx.stub.getHistoryForKey(id)) {
      owners.push(change.isDelete ? null : (JSON.parse(Buffer.from(change.value).toString()) as Asset).Owner);
    }
    return JSON.stringify(owners);
  }

  /** Sets the key-level endorsement policy of an asset, given as base64 of its message. */
  async ProtectAsset(ctx: Context, id: string, policy: string): Promise<void> {
    await ctx.stub.setStateValidationParameter(id, Buffer.from(policy, 'base64'));
  }

  async CallOther(ctx: Context, chaincode: string, args: string): Promise<string> {
    const response = await ctx.stub.invokeChaincode(chaincode, JSON.parse(args) as string[], '');
    if (response.status !== 200) throw new Error(response.message);
    await ctx.stub.putState('called', Buffer.from(chaincode));
    return Buffer.from(response.payload ?? []).toString();
  }

  async WhoAmI(ctx: Context): Promise<string> {
    return `${ctx.clientIdentity.getMSPID()} ${ctx.clientIdentity.getID()}`;
  }

  async Hang(): Promise<void> {
    await new Promise(() => undefined);
  }

  async #put(ctx: Context, asset: Asset): Promise<void> {
    await ctx.stub.putState(asset.ID, json(asset));
  }

  async #keys(ctx: Context, start: string, end: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of ctx.stub.getStateByRange(start, end)) keys.push(key);
    return keys;
  }
}

function assetOf(id: string, color: string, size: string, owner: string): Asset {
  return { ID: id, Color: color, Size: Number(size), Owner: owner };
}
