/** Features of IRIS that translation depends on, with the version that introduced them. */
const features = {
  /** SELECT ... LIMIT n OFFSET m at the end of a query; TOP elsewhere. */
  limitClause: '2025.1',
  /** OFFSET without LIMIT; 2025.1 accepts but ignores it. */
  offsetAlone: '2025.2',
  withClause: '2024.1',
  intersectExcept: '2025.1',
  /** JSON_VALUE and JSON_QUERY. */
  jsonPath: '2024.1',
  vectors: '2024.1',
  /** CREATE INDEX ... AS HNSW. */
  hnswIndex: '2025.1',
} as const;

export type IrisFeature = keyof typeof features;

/** The oldest and newest version that the rules were written for; newer versions are treated as the newest. */
export const irisVersions = { oldest: '2023.1', newest: '2026.1' } as const;

type Ranges = readonly (readonly [from: string, to: string])[];

export interface IrisDialect {
  readonly version: string;
  /** Whether the version is in one of the ranges (inclusive). */
  isWithin(ranges: Ranges): boolean;
  has(feature: IrisFeature): boolean;
  since(feature: IrisFeature): string;
}

/** @throws RangeError the text is not a version, or an unsupported older one */
export function irisDialect(version: string): IrisDialect {
  const parts = versionParts(version);
  if (compareParts(parts, versionParts(irisVersions.oldest)) < 0) {
    throw new RangeError(`IRIS ${version}: older than ${irisVersions.oldest}, for which no translation is known`);
  }
  const had = new Set(
    Object.entries(features).flatMap(([name, since]) => (compareParts(parts, versionParts(since)) >= 0 ? [name] : [])),
  );
  const known = new Map<Ranges, boolean>();
  const isWithin = (ranges: Ranges): boolean => {
    const answer = known.get(ranges) ?? isBetween(parts, ranges);
    known.set(ranges, answer);
    return answer;
  };
  return {
    version,
    isWithin,
    has: (feature) => had.has(feature),
    since: (feature) => features[feature],
  };
}

/** Whether the text is a supported version. */
export function isKnownIris(version: string): boolean {
  return (
    /^\d{4}\.\d+(\.\d+)*$/.test(version) && compareParts(versionParts(version), versionParts(irisVersions.oldest)) >= 0
  );
}

function isBetween(parts: readonly number[], ranges: Ranges): boolean {
  return ranges.some(
    ([from, to]) => compareParts(parts, versionParts(from)) >= 0 && compareParts(parts, versionParts(to)) <= 0,
  );
}

function versionParts(version: string): readonly number[] {
  if (!/^\d{4}\.\d+(\.\d+)?/.test(version))
    throw new RangeError(`IRIS ${version}: a version reads like 2025.1 or 2025.1.2`);
  return version.split('.').slice(0, 3).map(Number);
}

/** Missing parts count as 0. */
function compareParts(left: readonly number[], right: readonly number[]): number {
  for (const place of [0, 1, 2]) {
    const difference = (left[place] ?? 0) - (right[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
