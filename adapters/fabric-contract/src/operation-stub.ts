import type { OwnKeysState, StateEntry } from '@medrex/execute-batch';
import { Reject } from '@medrex/execute-batch';
import type { StateKey } from '@medrex/keys';
import type {
  ChaincodeProposal,
  ChaincodeStub,
  Iterators,
  SerializedIdentity,
  SplitCompositekey,
  Timestamp,
} from 'fabric-shim-api';
import Long from 'long';

/** The call of a transaction function within a batch. */
export interface OperationCall {
  readonly opId: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly fn: string;
  readonly args: readonly string[];
}

/** A chaincode event set by an operation. */
export interface OperationEvent {
  readonly name: string;
  readonly payload: Uint8Array;
}

const lastCharacter = '\u{10ffff}';
const firstSimpleKey = '\u0001';

/**
 * The stub for a transaction function that runs as one operation of a batch. Its own writes and those of earlier
 * operations are visible, time and transaction id are the operation's, and calls that a batch cannot support are
 * refused.
 */
export class OperationStub implements ChaincodeStub {
  readonly #stub: ChaincodeStub;
  readonly #state: OwnKeysState;
  readonly #call: OperationCall;
  #event: OperationEvent | undefined;
  #refusal: Reject | undefined;

  /** @param stub the stub of the batch's Fabric transaction */
  constructor(stub: ChaincodeStub, state: OwnKeysState, call: OperationCall) {
    this.#stub = stub;
    this.#state = state;
    this.#call = call;
  }

  /** The last event that was set; Fabric keeps only one per transaction, too. */
  get event(): OperationEvent | undefined {
    return this.#event;
  }

  /** The first call that a batch cannot support, even if the contract caught the error. */
  get refusal(): Reject | undefined {
    return this.#refusal;
  }

  getArgs(): string[] {
    return this.getStringArgs();
  }

  getStringArgs(): string[] {
    return [this.#call.fn, ...this.#call.args];
  }

  getBufferArgs(): Buffer[] {
    return this.getStringArgs().map((arg) => Buffer.from(arg));
  }

  getFunctionAndParameters(): { params: string[]; fcn: string } {
    return { fcn: this.#call.fn, params: [...this.#call.args] };
  }

  /** The operation's id, the same in any Fabric transaction and unique to the operation. */
  getTxID(): string {
    return this.#call.opId;
  }

  getTxTimestamp(): Timestamp {
    const milliseconds = this.getDateTimestamp().getTime();
    const seconds = Math.floor(milliseconds / 1_000);
    return { seconds: Long.fromNumber(seconds, true), nanos: (milliseconds - seconds * 1_000) * 1_000_000 };
  }

  getDateTimestamp(): Date {
    return new Date(this.#call.time);
  }

  getChannelID(): string {
    return this.#stub.getChannelID();
  }

  /** The sender of the batch, not the author of the operation. */
  getCreator(): SerializedIdentity {
    return this.#stub.getCreator();
  }

  getMspID(): string {
    return this.#stub.getMspID();
  }

  getTransient(): Map<string, Uint8Array> {
    return new Map();
  }

  getState(key: string): Promise<Uint8Array> {
    return this.#state.get(key as StateKey).then((value) => value ?? Buffer.alloc(0));
  }

  putState(key: string, value: Uint8Array | string): Promise<void> {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    // Fabric treats an empty value as a delete.
    if (bytes.length === 0) return this.deleteState(key);
    return withRejectionHandled(async () => this.#state.put(key as StateKey, bytes));
  }

  deleteState(key: string): Promise<void> {
    return withRejectionHandled(async () => this.#state.delete(key as StateKey));
  }

  getStateByRange(startKey: string, endKey: string): Range {
    return rangeOf(this.#state.range(startKey === '' ? firstSimpleKey : startKey, endKey));
  }

  getStateByPartialCompositeKey(objectType: string, attributes: string[]): Range {
    const start = this.createCompositeKey(objectType, attributes);
    return rangeOf(this.#state.range(start, start + lastCharacter));
  }

  createCompositeKey(objectType: string, attributes: string[]): string {
    return this.#stub.createCompositeKey(objectType, attributes);
  }

  splitCompositeKey(compositeKey: string): SplitCompositekey {
    return this.#stub.splitCompositeKey(compositeKey);
  }

  setEvent(name: string, payload: Uint8Array): void {
    if (name === '') throw new Error('Event name must be a non-empty string');
    this.#event = { name, payload };
  }

  getStateByRangeWithPagination(): never {
    throw this.#refused('pages of a range', 'Fabric gives them to transactions that write nothing only');
  }

  getStateByPartialCompositeKeyWithPagination(): never {
    throw this.#refused('pages of a range', 'Fabric gives them to transactions that write nothing only');
  }

  getQueryResult(): never {
    throw this.#refused('a rich query', 'it does not see what earlier operations wrote');
  }

  getQueryResultWithPagination(): never {
    throw this.#refused('a rich query', 'it does not see what earlier operations wrote');
  }

  getHistoryForKey(): never {
    throw this.#refused('the history of a key', 'it is not in the read set');
  }

  invokeChaincode(): never {
    throw this.#refused('another chaincode', 'what it writes cannot be rolled back');
  }

  getSignedProposal(): ChaincodeProposal.SignedProposal {
    throw this.#refused('the signed proposal', 'it is that of the whole batch');
  }

  getBinding(): string {
    throw this.#refused('the binding', 'it is that of the whole batch');
  }

  setStateValidationParameter(): never {
    throw this.#refused('an endorsement policy of a key', 'one policy holds for the whole batch');
  }

  getStateValidationParameter(): never {
    throw this.#refused('an endorsement policy of a key', 'one policy holds for the whole batch');
  }

  getPrivateData = this.#noPrivateData;
  getPrivateDataHash = this.#noPrivateData;
  putPrivateData = this.#noPrivateData;
  deletePrivateData = this.#noPrivateData;
  purgePrivateData = this.#noPrivateData;
  setPrivateDataValidationParameter = this.#noPrivateData;
  getPrivateDataValidationParameter = this.#noPrivateData;
  getPrivateDataByRange = this.#noPrivateData;
  getPrivateDataByPartialCompositeKey = this.#noPrivateData;
  getPrivateDataQueryResult = this.#noPrivateData;

  #noPrivateData(): never {
    throw this.#refused('private data', 'its policy would hold for the whole batch');
  }

  #refused(what: string, why: string): Reject {
    const refusal = new Reject('UNSUPPORTED_IN_BATCH', `${this.#call.fn} asked for ${what}: ${why}`);
    this.#refusal ??= refusal;
    return refusal;
  }
}

type Range = Promise<Iterators.StateQueryIterator> & AsyncIterable<Iterators.KV>;

/** The shim's two forms of a range in one: a promise of an iterator, and an async iterable. */
function rangeOf(entries: AsyncIterable<StateEntry>): Range {
  const next = entries[Symbol.asyncIterator]();
  const iterator: Iterators.StateQueryIterator = {
    async next() {
      const found = await next.next();
      if (found.done === true) return { done: true } as Iterators.NextResult<Iterators.KV>;
      const { key, value } = found.value;
      return { value: { namespace: '', key, value: Buffer.from(value) }, done: false };
    },
    async close() {
      await next.return?.();
    },
  };
  const loop: AsyncIterator<Iterators.KV> = {
    next: () => iterator.next() as Promise<IteratorResult<Iterators.KV>>,
    async return() {
      await iterator.close();
      return { done: true, value: undefined };
    },
  };
  return Object.assign(Promise.resolve(iterator), { [Symbol.asyncIterator]: () => loop });
}

/** If a contract does not await its write, the rejection must not end the process; the batch knows of the error. */
function withRejectionHandled(write: () => Promise<void>): Promise<void> {
  const writing = write();
  writing.catch(() => undefined);
  return writing;
}
