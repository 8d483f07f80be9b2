import type { KeyRead, RangeRead } from './ledger.ts';
import type { KeyUpdate } from './state-updates.ts';
import type { CommittedState } from './validate-block.ts';
import { sameVersion } from './version.ts';

/**
 * Runs a range query again over the committed state and the block's earlier writes, and compares it line by line with
 * the simulation. A missing, an additional or a newer line is a phantom.
 */
export function isRangeUnchanged(
  range: RangeRead,
  namespace: string,
  written: ReadonlyMap<string, KeyUpdate>,
  committed: CommittedState,
): boolean {
  const end = range.isExhausted ? range.end : afterKey(range.end);
  const now = overlaid(committed.range(namespace, range.start, end), written, range.start, end);
  if (now.length !== range.reads.length) return false;
  return range.reads.every((read, at) => read.key === now[at]?.key && sameVersion(read.version, now[at].version));
}

/**
 * The exclusive bound that includes `key`: a query that was not read to its end stops at the last key that it returned.
 */
export function afterKey(key: string): string {
  return key === '' ? '' : `${key}\u0000`;
}

/** True when `key` is in the range; an empty `end` means no end. */
export function isInRange(key: string, start: string, end: string): boolean {
  return key >= start && (end === '' || key < end);
}

function overlaid(
  committed: Iterable<KeyRead>,
  written: ReadonlyMap<string, KeyUpdate>,
  start: string,
  end: string,
): readonly KeyRead[] {
  const lines = [...committed].filter(({ key }) => !written.has(key));
  const before = lines.length;
  for (const [key, { value, version }] of written) {
    if (value !== undefined && isInRange(key, start, end)) lines.push({ key: key as KeyRead['key'], version });
  }
  return lines.length === before ? lines : lines.sort((a, b) => (a.key < b.key ? -1 : 1));
}
