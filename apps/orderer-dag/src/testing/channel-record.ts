import { outcomesCodec, topics, type OperationOutcome, type TransactionOutcomes } from '@medrex/contracts';
import type { InMemoryTopics } from '@medrex/contracts/in-memory';
import { decodeResults, type Contract, type Operation } from '@medrex/execute-batch';
import { applySerially, comparableState, type CommittedState } from '@medrex/execute-batch/testing';
import type { AccessMode, StateKey } from '@medrex/keys';
import type { Block, ModelLedger } from '@medrex/ledger';

/** An operation of a test with its seq. */
export interface Placed {
  readonly seq: number;
  readonly operation: Operation;
}

/** Every record of the `outcomes` topic. */
export function allReports(inTopics: InMemoryTopics): TransactionOutcomes[] {
  const partition = inTopics.partition(topics.outcomes, 0);
  return partition.read(partition.start, Infinity, Infinity).map(({ value }) => outcomesCodec.decode(value));
}

/** The distinct outcomes reported for each seq: one per seq in a correct history, however often it was reported. */
export class ReportedOutcomes {
  readonly #topics: InMemoryTopics;
  readonly #bySeq = new Map<number, OperationOutcome[]>();
  #next = 0;

  constructor(inTopics: InMemoryTopics) {
    this.#topics = inTopics;
  }

  /** Reads new reports, and returns all outcomes so far. */
  bySeq(): ReadonlyMap<number, readonly OperationOutcome[]> {
    for (const { offset, value } of this.#topics.partition(topics.outcomes, 0).read(this.#next, Infinity, Infinity)) {
      outcomesCodec.decode(value).outcomes.forEach((outcome) => this.#note(outcome));
      this.#next = offset + 1;
    }
    return this.#bySeq;
  }

  #note(outcome: OperationOutcome): void {
    const known = this.#bySeq.get(outcome.seq) ?? [];
    // Undeclared keys are only reported by the transaction that settled the operation, not by later answers from its record.
    const comparable = { ...outcome, undeclared: undefined };
    if (!known.some((other) => JSON.stringify(other) === JSON.stringify(comparable))) known.push(comparable);
    this.#bySeq.set(outcome.seq, known);
  }
}

/** All blocks of a ledger. */
export async function allBlocks(ledger: ModelLedger): Promise<Block[]> {
  const height = await ledger.height();
  const blocks: Block[] = [];
  await new Promise<void>((resolve) => {
    const subscription = ledger.follow(0, (block) => {
      blocks.push(block);
      if (blocks.length === height) resolve(void subscription.close());
    });
  });
  return blocks;
}

/** One step of the committed history: an operation that ended, or a foreign write. */
type Step =
  | { readonly opId: string; readonly sourceHash: string; readonly status: string; readonly code: string }
  | { readonly writes: Block['transactions'][number]['readWriteSet']['writes'] };

/** The steps that took effect, in block order. */
export function committedSteps(blocks: readonly Block[]): Step[] {
  return blocks.flatMap(({ transactions }) =>
    transactions.flatMap((transaction): Step[] => {
      if (transaction.code !== 'VALID') return [];
      if (transaction.fn !== 'executeBatch') return [{ writes: transaction.readWriteSet.writes }];
      return decodeResults(transaction.payload).filter(
        ({ txId, sourceHash }) => txId === transaction.txId && sourceHash !== '',
      );
    }),
  );
}

/**
 * An oracle: replays the committed order, with foreign writes, serially on a Map, and returns the state and the outcome of each
 * operation.
 */
export async function replay(
  contracts: readonly Contract[],
  placed: readonly Placed[],
  steps: readonly Step[],
): Promise<{ state: CommittedState; ends: string[] }> {
  const state: CommittedState = new Map();
  const ends: string[] = [];
  for (const step of steps) {
    if ('writes' in step) {
      for (const { key, value } of step.writes)
        if (value === undefined) state.delete(key);
        else state.set(key, value);
      continue;
    }
    const { opId, sourceHash } = step;
    const operation = placed.find(
      (one) => one.operation.opId === opId && one.operation.sourceHash === sourceHash,
    )?.operation;
    if (operation === undefined) throw new Error(`nobody sent ${opId}`);
    const isClose = step.status === 'dead' && step.code !== 'CONTRACT_ERROR';
    const close = { opId, sourceHash, reason: step.code, day: operation.time.slice(0, 10) };
    const [end] = await applySerially(contracts, [isClose ? { close } : operation], state);
    ends.push(`${opId} ${end?.status} ${end?.code}`);
  }
  return { state, ends };
}

/** The state of the ledger without chaincode definitions and probes. */
export async function ledgerState(ledger: ModelLedger): Promise<CommittedState> {
  const state: CommittedState = new Map();
  for await (const { key, value } of ledger.scan()) if (!isAside(key)) state.set(key as StateKey, value);
  return state;
}

const isAside = (key: string): boolean => key.startsWith('_') || key.startsWith('sys~probe~');

/** A state in comparable form, without keys that belong to no operation. */
export const comparable = (state: CommittedState): readonly (readonly [string, string])[] =>
  comparableState(new Map([...state].filter(([key]) => !isAside(key))));

/**
 * Pairs of operations that took effect against their seq order although they declared a common key that one of them writes. Appends and
 * deltas create keys of their own, so they are exempt: whether a compaction folds the delta of a later operation or not, the counter
 * has the same value.
 */
export function orderViolations(placed: readonly Placed[], steps: readonly Step[]): string[] {
  const violations: string[] = [];
  const position = new Map(steps.map((step, at) => ['opId' in step ? step.opId : '', at] as const));
  const first = placed.filter(
    ({ operation }, at) => placed.findIndex((one) => one.operation.opId === operation.opId) === at,
  );
  for (const [at, earlier] of first.entries()) {
    for (const later of first.slice(at + 1)) {
      if (!meet(earlier.operation, later.operation)) continue;
      const [before, after] = [position.get(earlier.operation.opId), position.get(later.operation.opId)];
      if (before !== undefined && after !== undefined && after < before) {
        violations.push(`${later.operation.opId} took effect before ${earlier.operation.opId}`);
      }
    }
  }
  return violations;
}

function meet(a: Operation, b: Operation): boolean {
  const isOrdering = (mode: AccessMode): boolean => mode === 'write' || mode === 'readWrite';
  const commutes = (mode: AccessMode): boolean => mode === 'append' || mode === 'delta';
  return a.keys.some(({ key, mode }) =>
    b.keys.some(
      (other) =>
        other.key === key && !commutes(mode) && !commutes(other.mode) && (isOrdering(mode) || isOrdering(other.mode)),
    ),
  );
}
