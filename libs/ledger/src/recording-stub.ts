import { CodedError } from '@medrex/coded-error';
import type { StateKey } from '@medrex/keys';
import type { ChaincodeStub } from './chaincode.ts';
import { ledgerErrors } from './errors.ts';
import type { KeyRead, KeyWrite, MetadataEntry, Proposal, RangeRead, ReadWriteSet } from './ledger.ts';
import { lifecycleKey, lifecycleNamespace } from './lifecycle.ts';
import { RangeRecording, type RangePage } from './range-recording.ts';
import type { StateEntry, StateView, VersionedValue } from './state-view.ts';

/** The stub of one simulation: each key is read once, the last write to a key wins, ranges are kept line by line. */
export class RecordingStub implements ChaincodeStub {
  readonly txId: string;
  readonly channel: string;
  readonly creator: string;
  readonly isAdministrator: boolean;
  readonly #namespace: string;
  readonly #view: StateView;
  readonly #reads = new Map<StateKey, VersionedValue | undefined>();
  readonly #writes = new Map<StateKey, Uint8Array | undefined>();
  readonly #metadata = new Map<StateKey, readonly MetadataEntry[]>();
  readonly #ranges: RangeRecording[] = [];
  readonly #definition: KeyRead;
  #isOver = false;
  event: { readonly name: string; readonly payload: Uint8Array } | undefined;

  private constructor(chaincode: string, proposal: Proposal, view: StateView, definition: KeyRead) {
    this.txId = proposal.txId;
    this.channel = proposal.channel;
    this.creator = proposal.creator;
    this.isAdministrator = proposal.isAdministrator === true;
    this.#namespace = chaincode;
    this.#view = view;
    this.#definition = definition;
  }

  /** Begins with the read of the chaincode's definition, which every read set carries. */
  static async open(chaincode: string, proposal: Proposal, view: StateView): Promise<RecordingStub> {
    const key = lifecycleKey(chaincode);
    const [definition] = await view.get(lifecycleNamespace, [key]);
    return new RecordingStub(chaincode, proposal, view, { key, version: definition?.version });
  }

  async getState(key: StateKey): Promise<Uint8Array | undefined> {
    const [value] = await this.getStates([key]);
    return value;
  }

  async getStates(keys: readonly StateKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#assertRunning();
    const unread = this.#reads.size === 0 ? keys : keys.filter((key) => !this.#reads.has(key));
    if (unread.length > 0) {
      const found = await this.#view.get(this.#namespace, unread);
      this.#assertRunning();
      unread.forEach((key, at) => this.#reads.set(key, found[at]));
    }
    return keys.map((key) => this.#reads.get(key)?.value);
  }

  putState(key: StateKey, value: Uint8Array): void {
    this.#write(key, value.byteLength === 0 ? undefined : value); // an empty value is a delete in Fabric (FAB-18386)
  }

  deleteState(key: StateKey): void {
    this.#write(key, undefined);
  }

  async *getStateByRange(
    start: string,
    end: string,
  ): AsyncGenerator<{ readonly key: StateKey; readonly value: Uint8Array }> {
    this.#assertRunning();
    const recording = new RangeRecording(start, end);
    this.#ranges.push(recording);
    for await (const { key, value } of recording.follow(this.#view.range(this.#namespace, start, end))) {
      yield { key: key as StateKey, value };
      this.#assertRunning();
    }
  }

  /** A range query in the pages of a peer, for a chaincode that asks over the wire. */
  rangePages(start: string, end: string): AsyncGenerator<RangePage> {
    this.#assertRunning();
    const recording = new RangeRecording(start, end);
    this.#ranges.push(recording);
    return recording.pages(this.#view.range(this.#namespace, start, end));
  }

  /** Records a line that a rich query returned; Fabric keeps the keys of its answer as reads, and nothing of the query. */
  readLine({ key, ...found }: StateEntry): void {
    this.#assertRunning();
    const name = key as StateKey;
    if (!this.#reads.has(name)) this.#reads.set(name, found);
  }

  /** The metadata of a key; recorded as a read of it. */
  async getMetadata(key: StateKey): Promise<readonly MetadataEntry[]> {
    await this.getStates([key]);
    return this.#reads.get(key)?.metadata ?? [];
  }

  /** Replaces all metadata of a key. */
  setMetadata(key: StateKey, entries: readonly MetadataEntry[]): void {
    this.#assertWritable(key);
    this.#metadata.set(key, entries);
  }

  setEvent(name: string, payload: Uint8Array): void {
    this.#assertRunning();
    this.event = { name, payload };
  }

  /** What was recorded: the definition and the reads in the order of reading, ranges, and writes sorted by key. */
  readWriteSet(): ReadWriteSet {
    const reads: KeyRead[] = [this.#definition];
    for (const [key, found] of this.#reads) reads.push({ key, version: found?.version });
    // The default sort compares UTF-16 units: byte order for keys, which are ASCII, and the fastest.
    const writes: KeyWrite[] = [...this.#writes.keys()].sort().map((key) => ({ key, value: this.#writes.get(key) }));
    const ranges = distinct(this.#ranges.map((range) => range.toRead()));
    if (this.#metadata.size === 0) return { reads, ranges, writes };
    const metadata = [...this.#metadata.keys()].sort().map((key) => ({ key, entries: this.#metadata.get(key) ?? [] }));
    return { reads, ranges, writes, metadata };
  }

  /** From here on every call is refused. */
  end(): void {
    this.#isOver = true;
  }

  #write(key: StateKey, value: Uint8Array | undefined): void {
    this.#assertWritable(key);
    this.#writes.set(key, value);
  }

  #assertWritable(key: StateKey): void {
    this.#assertRunning();
    if (key === '') throw new CodedError(ledgerErrors.keyEmpty, `tx ${this.txId}: a key must not be empty`);
  }

  #assertRunning(): void {
    if (this.#isOver) throw new CodedError(ledgerErrors.transactionOver, `tx ${this.txId}: the simulation is over`);
  }
}

/** Fabric keeps one of several queries with the same bounds: on one snapshot they saw the same. */
function distinct(ranges: readonly RangeRead[]): readonly RangeRead[] {
  if (ranges.length < 2) return ranges;
  const byBounds = new Map<string, RangeRead>();
  for (const range of ranges) {
    const bounds = JSON.stringify([range.start, range.end, range.isExhausted]);
    if (!byBounds.has(bounds)) byBounds.set(bounds, range);
  }
  return [...byBounds.values()];
}
