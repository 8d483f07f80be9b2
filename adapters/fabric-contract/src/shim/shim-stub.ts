import type { StateKey } from '@medrex/keys';
import type { ChaincodeStub as LedgerStub } from '@medrex/ledger';
import type { ChaincodeStub, Iterators } from 'fabric-shim-api';
import { isAdministrator } from './administrator.ts';
import { getStates, offerOf, writeStates } from './batch-messages.ts';
import type { BatchOffer } from './batch-message-codec.ts';

const compositeStart = '\u0000';

/**
 * A transaction of fabric-shim in the form of the ledger port. Writes are collected and sent to the peer in `flush`, in
 * one message if the peer accepts that.
 */
export class ShimStub implements LedgerStub {
  readonly txId: string;
  readonly channel: string;
  readonly creator: string;
  readonly #stub: ChaincodeStub;
  readonly #offer: BatchOffer;
  readonly #writes = new Map<StateKey, Uint8Array | undefined>();

  private constructor(stub: ChaincodeStub, offer: BatchOffer) {
    this.txId = stub.getTxID();
    this.channel = stub.getChannelID();
    this.creator = stub.getCreator().mspid;
    this.#stub = stub;
    this.#offer = offer;
  }

  get isAdministrator(): boolean {
    return isAdministrator(this.#stub);
  }

  static async of(stub: ChaincodeStub): Promise<ShimStub> {
    return new ShimStub(stub, await offerOf(stub));
  }

  async getState(key: StateKey): Promise<Uint8Array | undefined> {
    return presentValue(await this.#stub.getState(key));
  }

  async getStates(keys: readonly StateKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    const { readKeysMax } = this.#offer;
    const isOne = keys.length === 1 || readKeysMax < 2;
    if (isOne) return Promise.all(keys.map((key) => this.getState(key)));
    const values: Uint8Array[] = [];
    for (const part of partsOf(keys, readKeysMax)) values.push(...(await getStates(this.#stub, part)));
    return values.map(presentValue);
  }

  putState(key: StateKey, value: Uint8Array): void {
    this.#writes.set(key, value);
  }

  deleteState(key: StateKey): void {
    this.#writes.set(key, undefined);
  }

  async *getStateByRange(
    start: string,
    end: string,
  ): AsyncGenerator<{ readonly key: StateKey; readonly value: Uint8Array }> {
    for await (const { key, value } of this.#range(start, end)) yield { key: key as StateKey, value };
  }

  setEvent(name: string, payload: Uint8Array): void {
    this.#stub.setEvent(name, payload);
  }

  /** Sends the writes to the peer, each key once. */
  async flush(): Promise<void> {
    const writes = [...this.#writes].map(([key, value]) => ({ key, value }));
    const { writesMax } = this.#offer;
    if (writesMax > 1) {
      for (const part of partsOf(writes, writesMax)) await writeStates(this.#stub, part);
      return;
    }
    for (const { key, value } of writes) {
      if (value === undefined) await this.#stub.deleteState(key);
      else await this.#stub.putState(key, value);
    }
  }

  /** The shim accepts ranges of composite keys only by their parts. */
  #range(start: string, end: string): AsyncIterable<Iterators.KV> {
    if (!start.startsWith(compositeStart)) return this.#stub.getStateByRange(start, end);
    const { objectType, attributes } = this.#stub.splitCompositeKey(start);
    return this.#stub.getStateByPartialCompositeKey(objectType, attributes);
  }
}

/** The shim returns empty bytes for an absent key. */
function presentValue(value: Uint8Array | undefined): Uint8Array | undefined {
  return value === undefined || value.length === 0 ? undefined : value;
}

function* partsOf<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}
