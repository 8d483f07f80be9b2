import type { LeftBehind } from './left-behind.ts';

/** How the operations of a run ended, each operation counted once. */
export interface Account {
  /** Operations that a sender has a receipt for, over HTTP or on the topic. */
  readonly published: number;
  readonly applied: number;
  /** By code. */
  readonly rejected: Readonly<Record<string, number>>;
  /** By code. */
  readonly dead: Readonly<Record<string, number>>;
}

/** Counts by what the ledger's outcomes say of each published operation; one that has no outcome is in no count but the first. */
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

/** How many operations an account has ends for. */
export function accounted({ applied, rejected, dead }: Account): number {
  return [applied, ...Object.values(rejected), ...Object.values(dead)].reduce((sum, count) => sum + count, 0);
}

function addOne(counts: Record<string, number>, code: string): void {
  counts[code] = (counts[code] ?? 0) + 1;
}
