import { countOperations, type LogRecord, type LogRun } from '@medrex/contracts';
import type { LiveLimits } from './live-operations.ts';

/** Maximum records and bytes of a replayed run, as for runs from the log. */
const runLimits = { records: 64, bytes: 512 * 1024 };

/**
 * The `operations` records from the low-water mark on that a standby keeps for a take-over, in log order. The reader waits for room,
 * so memory is bounded by the limit of live operations.
 */
export class KeptOperations {
  readonly #limits: LiveLimits;
  #records: LogRecord[] = [];
  #operations = 0;
  #bytes = 0;
  #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(limits: LiveLimits) {
    this.#limits = limits;
  }

  /** Number of kept operations, including terminal ones above the mark. */
  get size(): number {
    return this.#operations;
  }

  /** Keeps a run as soon as there is room. Returns false after the take-over, when the run must be admitted instead. */
  async keep(run: LogRun): Promise<boolean> {
    while (!this.#isClosed && !this.#hasRoom()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#isClosed) return false;
    for (const record of run.records) this.#add(record);
    return true;
  }

  /** Drops records below `offset`, whose operations are terminal. */
  dropBelow(offset: number): void {
    const kept = this.#records.findIndex((record) => record.offset >= offset);
    for (const record of this.#records.splice(0, kept < 0 ? this.#records.length : kept)) this.#count(record, -1);
    this.#wake();
  }

  /** Replays all kept records as runs; from now on nothing is kept. */
  *handOut(): Generator<LogRun> {
    this.close();
    const records = this.#records;
    this.#records = [];
    for (let at = 0; at < records.length;) {
      const run = firstOf(records, at);
      at += run.length;
      const { topic, partition, offset } = run.at(-1) as LogRecord;
      yield { topic, partition, records: run, endOffset: offset + 1 };
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Adds a record, unless it is a redelivery. */
  #add(record: LogRecord): void {
    const last = this.#records.at(-1);
    if (last !== undefined && record.offset <= last.offset) return;
    this.#count(record, 1);
    this.#records.push(record);
  }

  #count({ value }: LogRecord, sign: 1 | -1): void {
    this.#operations += sign * countOperations(value);
    this.#bytes += sign * value.byteLength;
  }

  #hasRoom(): boolean {
    const { operationsMax, bytesMax } = this.#limits;
    return this.#records.length === 0 || (this.#operations < operationsMax && this.#bytes < bytesMax);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

function firstOf(records: readonly LogRecord[], from: number): LogRecord[] {
  const run: LogRecord[] = [];
  let bytes = 0;
  for (let at = from; at < records.length && run.length < runLimits.records; at++) {
    const record = records[at] as LogRecord;
    bytes += record.value.byteLength;
    if (run.length > 0 && bytes > runLimits.bytes) break;
    run.push(record);
  }
  return run;
}
