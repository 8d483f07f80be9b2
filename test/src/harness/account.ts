import type { LeftBehind } from './left-behind.ts';

/** The outcomes of the operations of a run, each operation counted once. */
export interface Account {
  /** Operations for which a sender has a receipt, by HTTP or on the topic. */
  readonly published: number;
  readonly applied: number;
  /** By code. */
  readonly rejected: Readonly<Record<string, number>>;
  /** By code. */
  readonly dead: Readonly<Record<string, number>>;
}

/** Counts the published operations by outcome; one without an outcome only counts as published. */
export function accountOf({ outcomes }: LeftBehind, opIds: readonly string[]): Account {
  const published = new Set(opIds);
  const ends = new Map(outcomes.map((outcome) => [outcome.opId, outcome]));
  const account = { published: published.size, applied: 0, rejected: {}, dead: {} };
  for (const opId of published) {
    const end = ends.get(opId);
    if (end?.status === 'applied') account.applied += 1;
    else if (end !== undefined) addOne(account[end.status], end.code);
  }
  return account;
}

/** Number of operations with an outcome. */
export function accounted({ applied, rejected, dead }: Account): number {
  return [applied, ...Object.values(rejected), ...Object.values(dead)].reduce((sum, count) => sum + count, 0);
}

function addOne(counts: Record<string, number>, code: string): void {
  counts[code] = (counts[code] ?? 0) + 1;
}
