import {
  compactionDeltasMax,
  type CounterEntry,
  type CounterReading,
  counterRange,
  parseCounterKey,
  readCounter,
  type StateKey,
} from '@medrex/keys';
import type { ChaincodeStub } from '@medrex/ledger';

/** The value of a counter, and what a compaction would fold first. */
export interface CounterSummary extends CounterReading {
  /** Keys of the present deltas in key order, as many as one compaction can name. */
  readonly first: readonly StateKey[];
}

/**
 * Reads a counter by its range, for a query.
 * @throws CodedError INVALID_COUNTER_VALUE
 */
export async function summariseCounter(stub: ChaincodeStub, counter: string): Promise<CounterSummary> {
  const { start, end } = counterRange(counter);
  const entries: CounterEntry[] = [];
  for await (const entry of stub.getStateByRange(start, end)) entries.push(entry);
  const deltas = entries.filter(({ key }) => parseCounterKey(key)?.kind === 'delta');
  return { ...readCounter(entries), first: deltas.slice(0, compactionDeltasMax).map(({ key }) => key) };
}

export function encodeCounterSummary({ value, deltas, first }: CounterSummary): Uint8Array {
  return Buffer.from(JSON.stringify({ value, deltas, first }));
}

/** The inverse of `encodeCounterSummary`: the payload of the query `readCounter`. */
export function decodeCounterSummary(payload: Uint8Array): CounterSummary {
  const { buffer, byteOffset, byteLength } = payload;
  return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString()) as CounterSummary;
}
