import type { OperationOutcome, OperationStatus } from '@medrex/contracts';

/** A row as the database gives it; it gives 64-bit numbers as text. */
export interface StatusRow {
  readonly op_id: string;
  readonly source_hash: string;
  readonly state: number;
  readonly seq: string | null;
  readonly accepted_at_ms: string;
  readonly settled_at_ms: string | null;
  readonly outcome: string | null;
}

const states = ['pending', 'applied', 'rejected', 'dead'] as const;

/** The columns of many rows, as one array each: op_id, source_hash, state, seq, accepted_at_ms, settled_at_ms, outcome. */
export function statusColumns(statuses: readonly OperationStatus[]): readonly (readonly unknown[])[] {
  return [
    statuses.map(({ opId }) => opId),
    statuses.map(({ sourceHash }) => sourceHash),
    statuses.map(({ state }) => states.indexOf(state)),
    statuses.map(({ seq }) => seq ?? null),
    statuses.map(({ acceptedAtMs }) => acceptedAtMs),
    statuses.map(({ settledAtMs }) => settledAtMs ?? null),
    statuses.map(({ outcome }) => (outcome === undefined ? null : packOutcome(outcome))),
  ];
}

/** The status that an outcome makes of an operation of which nothing else is known. */
export function statusOf(outcome: OperationOutcome, settledAtMs: number): OperationStatus {
  const { opId, sourceHash, seq, status: state } = outcome;
  return { opId, sourceHash, state, seq, acceptedAtMs: settledAtMs, settledAtMs, outcome };
}

export function statusFrom(row: StatusRow): OperationStatus {
  const { op_id: opId, source_hash: sourceHash } = row;
  const state = states[row.state] ?? 'pending';
  const seq = row.seq === null ? undefined : Number(row.seq);
  const status = { opId, sourceHash, state, seq, acceptedAtMs: Number(row.accepted_at_ms) };
  if (state === 'pending' || row.outcome === null || row.settled_at_ms === null) return status;
  const packed = JSON.parse(row.outcome) as PackedOutcome;
  const outcome: OperationOutcome = { ...packed, opId, sourceHash, seq: seq ?? 0, status: state };
  return { ...status, outcome, settledAtMs: Number(row.settled_at_ms) };
}

type PackedOutcome = Omit<OperationOutcome, 'opId' | 'sourceHash' | 'seq' | 'status'>;

/** JSON of what the other columns do not say. */
function packOutcome(outcome: OperationOutcome): string {
  return JSON.stringify({ ...outcome, opId: undefined, sourceHash: undefined, seq: undefined, status: undefined });
}
