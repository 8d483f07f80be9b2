import { perTransactionContract } from '@medrex/contracts';
import type { Operation } from '@medrex/execute-batch';
import type { AccessMode, StateKey } from '@medrex/keys';
import type { Block, Chaincode, ChaincodeStub } from '@medrex/ledger';
import { isCall } from '../calls/call.ts';
import { allBlocks, type Placed } from './channel-record.ts';
import { callKey, type TestChannel } from './test-channel.ts';

let made = 0;

/** The declared keys of a call, as its chaincode names them; none when absent. */
export interface CallOptions {
  readonly keys?: readonly { readonly key: string; readonly mode: AccessMode }[];
  readonly chaincode?: string;
  readonly opId?: string;
  readonly sourceHash?: string;
}

/** A call as encoded by ingest. */
export function aCall(fn: string, args: readonly string[], given: CallOptions = {}): Operation {
  made += 1;
  const { keys, chaincode = 'basic', opId = `ca11${made.toString(16).padStart(28, '0')}`, sourceHash = opId } = given;
  return {
    opId,
    sourceHash,
    contract: perTransactionContract,
    templateVersion: 1,
    time: '2026-09-21T14:13:20Z',
    keys: (keys ?? []).map(({ key, mode }) => ({ key: callKey.queueKey(chaincode, key), mode })),
    facts: { chaincode, function: fn, isDeclared: keys !== undefined },
    bodies: [callKey.sealArguments({ sourceHash, chaincode, function: fn }, args)],
  };
}

/** A call whose only key is its first argument, declared or not. */
export function assetCall(fn: string, args: readonly string[], isDeclared: boolean): Operation {
  return aCall(fn, args, isDeclared ? { keys: [{ key: args[0] ?? '', mode: 'readWrite' }] } : {});
}

const oursOf = (block: Block) => block.transactions.filter(({ creator }) => creator === 'MedrexMSP');

/** Number of our own envelopes by validation code. */
export async function ownCodes(channel: TestChannel): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const block of await allBlocks(channel.ledger)) {
    for (const { code } of oursOf(block)) counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}

/**
 * The guarantees that a finished history of calls violates, as texts. Each call has one outcome; an applied call is in exactly one VALID
 * transaction, any other in none; and executing the VALID ones serially gives the answers and the state of the ledger.
 */
export async function auditCalls(channel: TestChannel, plain: Chaincode): Promise<string[]> {
  const broken: string[] = [];
  const endsByCall = new Map<string, string>();
  const outcomes = channel.outcomes();
  for (const { seq, operation } of channel.placed) {
    if (!isCall(operation)) continue;
    const ends = new Set((outcomes.get(seq) ?? []).map(({ status, code, txId }) => `${status} ${code} ${txId}`));
    if (ends.size !== 1) broken.push(`${operation.opId} at ${seq} has the ends ${[...ends].join(', ')}`);
    for (const end of ends) endsByCall.set(operation.opId, end);
  }
  broken.push(...(await effects(channel, plain, endsByCall)));
  return broken;
}

async function effects(
  channel: TestChannel,
  plain: Chaincode,
  endsByCall: ReadonlyMap<string, string>,
): Promise<string[]> {
  const broken: string[] = [];
  const state = new Map<string, Uint8Array>();
  const applied = new Map<string, number>();
  const callsById = new Map(channel.placed.map((placed) => [idsOf(placed), placed] as const).flatMap(spread));
  for (const block of await allBlocks(channel.ledger)) {
    for (const transaction of block.transactions) {
      if (transaction.code !== 'VALID' || transaction.chaincode !== plain.name) continue;
      const call = callsById.get(transaction.txId);
      if (call === undefined) writeAll(state, transaction.readWriteSet.writes);
      else {
        applied.set(call.operation.opId, (applied.get(call.operation.opId) ?? 0) + 1);
        const payload = await run(plain, call, state);
        if (Buffer.compare(payload, transaction.payload) !== 0)
          broken.push(`${transaction.txId} answered out of order`);
      }
    }
  }
  for (const [opId, end] of endsByCall) {
    const wanted = end.startsWith('applied') ? 1 : 0;
    if ((applied.get(opId) ?? 0) !== wanted)
      broken.push(`${opId}, ${end}, took effect ${applied.get(opId) ?? 0} times`);
  }
  for await (const { key, value } of channel.ledger.scan('', '', plain.name)) {
    if (Buffer.compare(state.get(key) ?? new Uint8Array(), value) !== 0) broken.push(`${key} is not what was written`);
    state.delete(key);
  }
  return [...broken, ...[...state.keys()].map((key) => `${key} is missing`)];
}

const triesMax = 50;
const idsOf = ({ operation }: Placed): string[] =>
  Array.from({ length: triesMax }, (_, at) => Buffer.from(callKey.nonce(operation.opId, at + 1)).toString('hex'));
const spread = ([ids, placed]: readonly [string[], Placed]) => ids.map((id) => [id, placed] as const);

function writeAll(
  state: Map<string, Uint8Array>,
  writes: readonly { readonly key: string; readonly value: Uint8Array | undefined }[],
): void {
  for (const { key, value } of writes) {
    if (value === undefined) state.delete(key);
    else state.set(key, value);
  }
}

/** Executes a call on a state, and applies its writes. */
async function run(plain: Chaincode, { operation }: Placed, state: Map<string, Uint8Array>): Promise<Uint8Array> {
  const { chaincode, function: fn } = operation.facts as { readonly chaincode: string; readonly function: string };
  const name = { sourceHash: operation.sourceHash, chaincode, function: fn };
  const args = callKey.openArguments(name, operation.bodies[0] as Uint8Array).map((arg) => Buffer.from(arg));
  const { payload } = await plain.invoke(stubOf(state), fn, args);
  return payload;
}

/** The state after executing the calls serially; refused calls change nothing. */
export async function serialState(plain: Chaincode, placed: readonly Placed[]): Promise<ReadonlyMap<string, string>> {
  const state = new Map<string, Uint8Array>();
  for (const one of placed) await run(plain, one, state).catch(() => undefined);
  return new Map([...state].map(([key, value]) => [key, Buffer.from(value).toString()]));
}

export async function ledgerStateOf(channel: TestChannel, chaincode: string): Promise<ReadonlyMap<string, string>> {
  const state = new Map<string, string>();
  for await (const { key, value } of channel.ledger.scan('', '', chaincode)) {
    state.set(key, Buffer.from(value).toString());
  }
  return state;
}

function stubOf(state: Map<string, Uint8Array>): ChaincodeStub {
  return {
    txId: '',
    channel: 'ehr',
    creator: 'MedrexMSP',
    isAdministrator: false,
    getState: async (key) => state.get(key),
    getStates: async (keys) => keys.map((key) => state.get(key)),
    putState: (key, value) => void state.set(key, value),
    deleteState: (key) => void state.delete(key),
    async *getStateByRange(start, end) {
      for (const key of [...state.keys()].sort()) {
        const value = state.get(key);
        if (value !== undefined && key >= start && (end === '' || key < end)) yield { key: key as StateKey, value };
      }
    },
    setEvent: () => undefined,
  };
}
