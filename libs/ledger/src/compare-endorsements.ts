import type { ChaincodeResponse } from './chaincode.ts';
import type { KeyRead, KeyWrite, RangeRead, ReadWriteSet } from './ledger.ts';
import { sameVersion, versionText } from './version.ts';

/** One endorser's answer to a proposal. A refusal (status 400 or more) has no read/write set in Fabric. */
export interface EndorserAnswer {
  readonly organisation: string;
  readonly chaincodeVersion: string;
  readonly response: ChaincodeResponse;
  readonly readWriteSet: ReadWriteSet;
}

/**
 * How two endorsers differ.
 * - `versions`: they ran different chaincode versions or read different versions of a key: they are at different
 * heights
 * - `refusal`: only one refused; without its read set the cause is unknown, most likely different heights
 * - `nondeterminism`: they read the same versions of the same keys but answered differently, or then read different
 * keys, which a deterministic program cannot do
 */
export interface EndorsementDifference {
  readonly kind: 'versions' | 'refusal' | 'nondeterminism';
  readonly organisations: readonly [string, string];
  readonly detail: string;
}

export const isRefusal = (response: ChaincodeResponse): boolean => response.status >= 400;

/** Compares every answer with the first; undefined when all agree. */
export function compareEndorsements(answers: readonly EndorserAnswer[]): EndorsementDifference | undefined {
  const [first, ...others] = answers;
  if (first === undefined) return undefined;
  for (const other of others) {
    const difference = differenceOf(first, other);
    if (difference !== undefined) return { ...difference, organisations: [first.organisation, other.organisation] };
  }
  return undefined;
}

type Difference = Pick<EndorsementDifference, 'kind' | 'detail'>;

function differenceOf(a: EndorserAnswer, b: EndorserAnswer): Difference | undefined {
  if (a.chaincodeVersion !== b.chaincodeVersion) {
    return { kind: 'versions', detail: `chaincode versions ${a.chaincodeVersion} and ${b.chaincodeVersion}` };
  }
  if (isRefusal(a.response) !== isRefusal(b.response)) {
    return { kind: 'refusal', detail: `statuses ${a.response.status} and ${b.response.status}` };
  }
  if (isRefusal(a.response)) return undefined;
  const [left, right] = [a.readWriteSet, b.readWriteSet];
  return versionDifference(left, right) ?? calledVersionDifference(left, right) ?? outcomeDifference(a, b);
}

function versionDifference(a: ReadWriteSet, b: ReadWriteSet): Difference | undefined {
  const versions = new Map(linesRead(a).map(({ key, version }) => [key, version]));
  for (const { key, version } of linesRead(b)) {
    if (versions.has(key) && !sameVersion(versions.get(key), version)) {
      const detail = `${key} read at ${versionText(versions.get(key))} and ${versionText(version)}`;
      return { kind: 'versions', detail };
    }
  }
  return rangeDifference(a.ranges, b.ranges);
}

/** Compares the namespaces of called chaincodes. */
function calledVersionDifference(a: ReadWriteSet, b: ReadWriteSet): Difference | undefined {
  for (const { chaincode, readWriteSet } of a.called ?? []) {
    const other = b.called?.find((called) => called.chaincode === chaincode);
    const difference = other && versionDifference(readWriteSet, other.readWriteSet);
    if (difference !== undefined) return { ...difference, detail: `in ${chaincode}: ${difference.detail}` };
  }
  return undefined;
}

/** A range that returned different lines: a key was added or deleted between their heights. */
function rangeDifference(a: readonly RangeRead[], b: readonly RangeRead[]): Difference | undefined {
  for (const [at, range] of a.entries()) {
    const other = b[at];
    if (other?.start !== range.start) return undefined; // another query means that other code ran, whatever the heights
    if (!sameReads(range.reads, other.reads) || range.digest !== other.digest)
      return { kind: 'versions', detail: `the range from ${range.start} differs` };
  }
  return undefined;
}

function outcomeDifference(a: EndorserAnswer, b: EndorserAnswer): Difference | undefined {
  const kind = 'nondeterminism';
  const [left, right] = [a.readWriteSet, b.readWriteSet];
  if (!sameReads(byKey(left.reads), byKey(right.reads)) || left.ranges.length !== right.ranges.length) {
    return { kind, detail: 'equal versions, different keys read' };
  }
  const sameBounds = left.ranges.every(
    ({ start, end }, at) => start === right.ranges[at]?.start && end === right.ranges[at].end,
  );
  if (!sameBounds) return { kind, detail: 'equal versions, different ranges read' };
  const write = firstWriteDifference(left.writes, right.writes);
  if (write !== undefined) return { kind, detail: `equal reads, different writes of ${write}` };
  return sameResponse(a.response, b.response)
    ? undefined
    : { kind, detail: 'equal reads and writes, different responses' };
}

function firstWriteDifference(a: readonly KeyWrite[], b: readonly KeyWrite[]): string | undefined {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [left, right] = [a[at], b[at]];
    if (left?.key !== right?.key || !sameBytes(left?.value, right?.value)) return left?.key ?? right?.key;
  }
  return undefined;
}

const sameResponse = (a: ChaincodeResponse, b: ChaincodeResponse): boolean =>
  a.status === b.status && a.message === b.message && sameBytes(a.payload, b.payload);

const linesRead = ({ reads, ranges }: ReadWriteSet): readonly KeyRead[] => [
  ...reads,
  ...ranges.flatMap((range) => range.reads),
];

const byKey = (reads: readonly KeyRead[]): readonly KeyRead[] =>
  reads.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));

const sameReads = (a: readonly KeyRead[], b: readonly KeyRead[]): boolean =>
  a.length === b.length && a.every((read, at) => read.key === b[at]?.key && sameVersion(read.version, b[at].version));

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(a, b) === 0;
}
