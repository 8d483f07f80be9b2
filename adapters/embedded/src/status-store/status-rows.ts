import type { OperationOutcome, OperationStatus } from '@medrex/contracts';

/** Statuses by column, because seven arrays are transferred to a thread much faster than a thousand objects. */
export interface StatusColumns {
  readonly opIds: readonly string[];
  readonly sourceHashes: readonly string[];
  readonly states: readonly number[];
  readonly seqs: readonly (number | null)[];
  readonly acceptedAtMs: readonly number[];
  readonly settledAtMs: readonly (number | null)[];
  /** JSON of the fields without a column. */
  readonly outcomes: readonly (string | null)[];
}

/** A row as SQLite returns it. */
export interface StatusRow {
  readonly source_hash: string | Uint8Array;
  readonly state: number;
  readonly seq: number | null;
  readonly accepted_at_ms: number;
  readonly settled_at_ms: number | null;
  readonly outcome: string | null;
}

const states = ['pending', 'applied', 'rejected', 'dead'] as const;

export function statusColumns(statuses: readonly OperationStatus[]): StatusColumns {
  return {
    opIds: statuses.map(({ opId }) => opId),
    sourceHashes: statuses.map(({ sourceHash }) => sourceHash),
    states: statuses.map(({ state }) => states.indexOf(state)),
    seqs: statuses.map(({ seq }) => seq ?? null),
    acceptedAtMs: statuses.map(({ acceptedAtMs }) => acceptedAtMs),
    settledAtMs: statuses.map(({ settledAtMs }) => settledAtMs ?? null),
    outcomes: statuses.map(({ outcome }) => (outcome === undefined ? null : packOutcome(outcome))),
  };
}

/** The status of an operation of which only the outcome is known. */
export function statusOf(outcome: OperationOutcome, settledAtMs: number): OperationStatus {
  const { opId, sourceHash, seq, status: state } = outcome;
  return { opId, sourceHash, state, seq, acceptedAtMs: settledAtMs, settledAtMs, outcome };
}

export function statusFrom(opId: string, row: StatusRow): OperationStatus {
  const sourceHash = idText(row.source_hash);
  const state = states[row.state] ?? 'pending';
  const status = { opId, sourceHash, state, seq: row.seq ?? undefined, acceptedAtMs: row.accepted_at_ms };
  if (state === 'pending' || row.outcome === null || row.settled_at_ms === null) return status;
  const packed = JSON.parse(row.outcome) as PackedOutcome;
  const outcome: OperationOutcome = { ...packed, opId, sourceHash, seq: row.seq ?? 0, status: state };
  return { ...status, outcome, settledAtMs: row.settled_at_ms };
}

type PackedOutcome = Omit<OperationOutcome, 'opId' | 'sourceHash' | 'seq' | 'status'>;

function packOutcome(outcome: OperationOutcome): string {
  return JSON.stringify({ ...outcome, opId: undefined, sourceHash: undefined, seq: undefined, status: undefined });
}

/** An id in stored form: 16 bytes for hex text like our ids, other text unchanged. */
export function idValue(id: string): string | Uint8Array {
  return /^[0-9a-f]{32}$/.test(id) ? Buffer.from(id, 'hex') : id;
}

/** The inverse of `idValue`. */
export function idText(stored: string | Uint8Array): string {
  return typeof stored === 'string' ? stored : Buffer.from(stored).toString('hex');
}
