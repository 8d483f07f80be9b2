import type { StateKey } from '@medrex/keys';
import type { Chaincode, ChaincodeResponse, ChaincodeStub } from '../chaincode.ts';

type Function = (stub: ChaincodeStub, args: readonly string[]) => Promise<ChaincodeResponse> | ChaincodeResponse;

/**
 * A chaincode whose arguments (UTF-8) say what to do to its state, for the ledger contract.
 * `get key…` | `put key value …` (blind) | `add key number` (read-modify-write) | `delete key…` | `copy from to` |
 * `list start end [limit]` | `count start end to` (writes the number of lines to a key) | `ownWrite key value` (writes,
 * then returns what it reads) | `answer status message` | `throw message` | `hang`. Reads return JSON.
 */
export function keyValueChaincode(version = '1', name = 'kv'): Chaincode {
  return {
    name,
    version,
    async invoke(stub, fn, args) {
      const run = functions[fn];
      if (run === undefined) return { ...ok(), status: 404, message: `no function ${fn}` };
      return run(
        stub,
        args.map((argument) => Buffer.from(argument).toString()),
      );
    },
  };
}

const functions: Readonly<Record<string, Function>> = {
  async get(stub, keys) {
    const values = await stub.getStates(keys as readonly StateKey[]);
    return ok(values.map(text));
  },
  put(stub, args) {
    for (let at = 0; at < args.length; at += 2) stub.putState(keyAt(args, at), bytes(args[at + 1]));
    return ok('put');
  },
  async add(stub, args) {
    const key = keyAt(args, 0);
    const sum = Number(text(await stub.getState(key)) ?? 0) + Number(args[1]);
    stub.putState(key, bytes(String(sum)));
    return ok(sum);
  },
  delete(stub, keys) {
    for (const key of keys) stub.deleteState(key as StateKey);
    return ok('deleted');
  },
  async copy(stub, args) {
    const value = await stub.getState(keyAt(args, 0));
    if (value !== undefined) stub.putState(keyAt(args, 1), value);
    return ok(text(value));
  },
  async list(stub, args) {
    return ok(await keysOf(stub, args));
  },
  async count(stub, args) {
    const keys = await keysOf(stub, args.slice(0, 2));
    stub.putState(keyAt(args, 2), bytes(String(keys.length)));
    return ok(keys.length);
  },
  async ownWrite(stub, args) {
    stub.putState(keyAt(args, 0), bytes(args[1]));
    return ok(text(await stub.getState(keyAt(args, 0))));
  },
  answer(_, args) {
    return { status: Number(args[0]), message: args[1] ?? '', payload: bytes(args[1]) };
  },
  throw(_, args) {
    throw new Error(args[0]);
  },
  hang() {
    return new Promise(() => undefined);
  },
};

async function keysOf(stub: ChaincodeStub, [start = '', end = '', limit]: readonly string[]): Promise<string[]> {
  const keys: string[] = [];
  const most = limit === undefined ? Infinity : Number(limit);
  for await (const { key } of stub.getStateByRange(start, end)) {
    keys.push(key);
    if (keys.length >= most) break;
  }
  return keys;
}

const ok = (answer: unknown = null): ChaincodeResponse => ({
  status: 200,
  message: '',
  payload: bytes(JSON.stringify(answer ?? null)),
});
const keyAt = (args: readonly string[], at: number): StateKey => (args[at] ?? '') as StateKey;
const bytes = (value: string | undefined): Uint8Array => Buffer.from(value ?? '');
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();
