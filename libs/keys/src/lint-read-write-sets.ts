import { familyOf } from './key-families.ts';
import { looksLikeIdentifier } from './lint-identifiers.ts';
import { finding, type LintFinding } from './lint-rules.ts';

/** The read/write set of one recorded transaction; the ledger's own `ReadWriteSet` fits. */
export interface RecordedReadWriteSet {
  readonly reads: readonly { readonly key: string }[];
  readonly writes: readonly { readonly key: string }[];
  readonly ranges?: readonly { readonly start: string; readonly end: string }[];
}

export interface HotKeyOptions {
  /**
   * Number of transactions in flight: how many are endorsed before the first of them commits, i.e. throughput times the
   * time from endorsement to commit. Default 100 (500 transactions/s, 200 ms).
   */
  readonly inFlight?: number;
  /** Report keys that cost at least this share of all transactions. Default 0.01. */
  readonly lostMin?: number;
  /** Maximum of reported hot keys, the costliest first. Default 20. */
  readonly keysMax?: number;
}

/** How the recorded transactions touched one key. */
export interface KeyUse {
  readonly key: string;
  readonly reads: number;
  readonly writes: number;
  /** Share of transactions that touched it. */
  readonly share: number;
  /** Estimated share of all transactions that are invalid because of this key. */
  readonly lost: number;
}

/** A finding about a recorded key; for a hot key with the figures that it is computed from. */
export type RecordedFinding = LintFinding & { readonly use?: KeyUse };

/**
 * Finds hot keys in recorded read/write sets, ranges read by transactions that write, and keys that look like
 * identifiers of people.
 * The estimate for a key that a share `r` of the transactions reads and a share `w` writes, with `m` in flight: the
 * transaction at index j of the m is invalid if it reads the key and one of the j before it wrote it, i.e. with
 * probability r (1 - (1 - w)^j). The average over all indexes is `r (1 - (1 - (1 - w)^m) / (m w))`. For one key that
 * all read and write it is 1 - 1/m: one of m survives, as for a plain client. Keys are assumed to be independent, so
 * the shares of several keys do not add up exactly. Blind writes lose nothing here: they cost an order, not a
 * transaction.
 */
export function lintReadWriteSets(
  sets: readonly RecordedReadWriteSet[],
  options: HotKeyOptions = {},
): RecordedFinding[] {
  const { inFlight = 100, lostMin = 0.01, keysMax = 20 } = options;
  const uses = keyUses(sets, inFlight);
  const hot = uses
    .filter(({ lost }) => lost >= lostMin)
    .sort((one, other) => other.lost - one.lost || (one.key < other.key ? -1 : 1))
    .slice(0, keysMax);
  const telling = uses.filter(({ key }) => key.split('~').some(looksLikeIdentifier));
  return [...hot.map(hotKey), ...rangesInWrites(sets), ...telling.map(({ key }) => finding('identifier-in-key', key))];
}

/** Share of all transactions that one key makes invalid; the formula is explained at `lintReadWriteSets`. */
export function lostToKey(readShare: number, writeShare: number, inFlight: number): number {
  if (writeShare === 0 || inFlight <= 1) return 0;
  return readShare * (1 - (1 - (1 - writeShare) ** inFlight) / (inFlight * writeShare));
}

function keyUses(sets: readonly RecordedReadWriteSet[], inFlight: number): KeyUse[] {
  const counts = new Map<string, { reads: number; writes: number; touched: number }>();
  const of = (key: string): { reads: number; writes: number; touched: number } => {
    const known = counts.get(key);
    if (known !== undefined) return known;
    const count = { reads: 0, writes: 0, touched: 0 };
    counts.set(key, count);
    return count;
  };
  for (const { reads, writes } of sets) {
    // `_lifecycle` and other keys of the channel are read by every transaction and not part of a key design.
    const read = new Set(reads.map(({ key }) => key).filter((key) => !key.startsWith('_')));
    const written = new Set(writes.map(({ key }) => key));
    for (const key of read) of(key).reads++;
    for (const key of written) of(key).writes++;
    for (const key of new Set([...read, ...written])) of(key).touched++;
  }
  const share = (count: number): number => count / sets.length;
  return [...counts].map(([key, { reads, writes, touched }]) => ({
    key,
    reads,
    writes,
    share: share(touched),
    lost: lostToKey(share(reads), share(writes), inFlight),
  }));
}

function hotKey(use: KeyUse): RecordedFinding {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const message = `${percent(use.share)} of the transactions touch it (${use.reads} reads, ${use.writes} writes); about ${percent(use.lost)} of all are lost to it.`;
  return { ...finding('hot-key', use.key, { message, ...remedy(use) }), use };
}

function remedy({ key, reads, writes }: KeyUse): Pick<LintFinding, 'fix' | 'family'> {
  const family = familyOf(key);
  const counted = /(^|~|[^a-z])(count|counter|total|census|sum|stats)/i.test(key);
  if (family === 'delta-counter' || key.startsWith('ctr~') || counted) {
    return {
      family: 'delta-counter',
      fix: 'Write counterDeltaKey(counter, opId) with mode delta; nothing reads it while writing.',
    };
  }
  if (family === 'slot-grain') {
    return {
      family: 'slot-grain',
      fix: 'Many want this slot: offer smaller slots, or let bookings name alternatives. The conflict itself is right.',
    };
  }
  if (family === 'sharded') {
    return {
      family: 'sharded',
      fix: 'Use more shards, and take the shard from what differs between the writers (shardOf).',
    };
  }
  if (writes * 10 <= reads) {
    return {
      family: 'head',
      fix: 'Many read and few write: move the part that changes to a key of its own, and let readers read the rest.',
    };
  }
  return {
    family: 'sharded',
    fix: 'Sums become counterDeltaKey; a limit that must hold becomes shardKey; a list becomes appendOnlyKey; else split the head by patient.',
  };
}

/** One finding per space and entity, since every recorded window has other bounds. */
function rangesInWrites(sets: readonly RecordedReadWriteSet[]): LintFinding[] {
  const prefixes = new Set<string>();
  for (const { ranges = [], writes } of sets) {
    if (writes.length === 0) continue;
    for (const { start } of ranges) prefixes.add(start.split('~').slice(0, 2).join('~') + '~*');
  }
  return [...prefixes].sort().map((prefix) => finding('range-read-in-write', prefix));
}
