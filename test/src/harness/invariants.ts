import type { OperationOutcome } from '@medrex/contracts';
import type { WholeOperation } from '@medrex/contracts/testing';
import { decodeRecord, type Contract, type Operation } from '@medrex/execute-batch';
import { applySerially, comparableState, type CommittedState, type SerialStep } from '@medrex/execute-batch/testing';
import { operationRecordKey } from '@medrex/keys';
import {
  applyWrites,
  committedHistory,
  operationSteps,
  replayWrites,
  timesRecorded,
  type ForeignStep,
  type OperationStep,
} from './committed-history.ts';
import { orderViolations } from './key-order.ts';
import type { LeftBehind } from './left-behind.ts';
import type { Accepted } from './sender.ts';

/** The data by which a finished run is judged. */
export interface Judged {
  readonly found: LeftBehind;
  /** The receipts of each sender, in the order in which it sent. */
  readonly senders: readonly { readonly accepted: readonly Accepted[] }[];
  readonly contracts: readonly Contract[];
  /** False with foreign writers or discovered keys, since the order on discovered keys is not guaranteed. */
  readonly isSerial?: boolean;
}

/** Maximum number of reported violations, and of characters of each. */
const complaintsMax = 20;
const charactersMax = 2_000;

/**
 * The guarantees of the protocol (section 10) that a finished history violates, as texts; empty when all hold. It only uses the data
 * written by the services and the receipts of the senders.
 */
export async function brokenPromises(judged: Judged): Promise<readonly string[]> {
  const { found, contracts, isSerial = true } = judged;
  const steps = committedHistory(found);
  const broken = [
    ...lostOrMisplaced(judged),
    ...wrongOutcomes(found),
    ...wronglyRecorded(found, operationSteps(steps)),
    ...orderViolations(found.operations, operationSteps(steps)),
    ...differences('replayed block by block', replayWrites(found.blocks, found.before), found.state),
    ...(await wronglyApplied(found, steps, contracts)),
    ...(isSerial ? differences('in seq order', await serialState(found, contracts), found.state) : []),
  ];
  return broken.slice(0, complaintsMax).map((complaint) => complaint.slice(0, charactersMax));
}

/** Receipts without an operation at their seq, or out of the order in which the sender sent. */
function* lostOrMisplaced({ found, senders }: Judged): Generator<string> {
  const placed = new Map(found.operations.map((one) => [one.seq, one.operation]));
  const firstSeq = new Map<string, number>();
  for (const { operation, seq } of found.operations)
    if (!firstSeq.has(operation.opId)) firstSeq.set(operation.opId, seq);
  for (const { accepted } of senders) {
    let last = -1;
    for (const { opId, digest, seq, source, message } of accepted) {
      const there = placed.get(seq);
      const name = `${source} ${message.id} (${opId})`;
      if (there?.opId !== opId || there.sourceHash !== digest) yield `${name} was accepted at ${seq} and is not there`;
      const first = firstSeq.get(opId) ?? -1;
      if (first <= last) yield `${name} stands at ${first}, before what was sent before it (${last})`;
      last = first;
    }
  }
  const { progress, operations } = found;
  const end = (operations.at(-1)?.seq ?? -1) + 1;
  if ((progress?.lowWaterMark ?? 0) < end)
    yield `the low-water mark is ${String(progress?.lowWaterMark)}, the log ends at ${end}`;
  if ((progress?.live ?? 0) > 0) yield `${progress?.live} operations are live at the end`;
}

/** Operations without exactly one distinct outcome, or with a different status in the status store. */
function* wrongOutcomes({ operations, outcomes, statuses }: LeftBehind): Generator<string> {
  const bySeq = new Map<number, OperationOutcome[]>();
  for (const outcome of outcomes) {
    const reported = bySeq.get(outcome.seq);
    if (reported === undefined) bySeq.set(outcome.seq, [outcome]);
    else reported.push(outcome);
  }
  const settled = new Map<string, string>();
  for (const { seq, operation } of operations) {
    const name = `${operation.opId} at ${seq}`;
    const [outcome, ...repeats] = bySeq.get(seq) ?? [];
    if (outcome === undefined) {
      yield `${name} has no outcome`;
      continue;
    }
    if (outcome.opId !== operation.opId || outcome.sourceHash !== operation.sourceHash)
      yield `${name} has the outcome of ${outcome.opId}`;
    for (const repeat of repeats)
      if (outcomeText(repeat) !== outcomeText(outcome))
        yield `${name} has the outcomes ${outcomeText(outcome)} and ${outcomeText(repeat)}`;
    const message = `${operation.opId} ${operation.sourceHash}`;
    const first = settled.get(message) ?? endOf(outcome);
    settled.set(message, first);
    if (first !== endOf(outcome)) yield `${name}, sent twice, ended ${first} and ${endOf(outcome)}`;
  }
  const places = new Set(operations.map(({ seq }) => seq));
  for (const { seq, opId } of outcomes)
    if (!places.has(seq)) yield `an outcome of ${opId} names ${seq}, where nothing stands`;
  yield* wronglyStored(operations, settled, statuses);
}

/** @param settled the end of each message by operation id and source hash */
function* wronglyStored(
  operations: readonly WholeOperation[],
  settled: ReadonlyMap<string, string>,
  statuses: LeftBehind['statuses'],
): Generator<string> {
  for (const opId of new Set(operations.map(({ operation }) => operation.opId))) {
    const status = statuses.get(opId);
    const stored = status?.outcome === undefined ? status?.state : endOf(status.outcome);
    const settledState = settled.get(`${opId} ${status?.sourceHash}`);
    if (stored === undefined || stored !== settledState)
      yield `the status store says ${stored} of ${opId}, which ended ${settledState}`;
  }
}

/** Operations without exactly one operation record that matches their outcome. */
function* wronglyRecorded(
  { operations, outcomes, state, blocks }: LeftBehind,
  steps: readonly OperationStep[],
): Generator<string> {
  const recorded = timesRecorded(blocks);
  for (const opId of new Set(operations.map(({ operation }) => operation.opId))) {
    const times = recorded.get(opId) ?? 0;
    if (times !== 1) yield `the record of ${opId} was written ${times} times`;
  }
  const settledBy = new Map<string, number>();
  for (const { opId, sourceHash, code } of steps) {
    const message = `${opId} ${sourceHash}`;
    if (code !== 'ID_REUSED') settledBy.set(message, (settledBy.get(message) ?? 0) + 1);
  }
  for (const [message, times] of settledBy) if (times > 1) yield `${message} took effect ${times} times`;
  for (const outcome of outcomes) {
    const value = state.get(operationRecordKey(outcome.opId));
    const record = value && decodeRecord(value);
    if (record === undefined) yield `${outcome.opId} has no record`;
    else if (record.sourceHash !== outcome.sourceHash && outcome.code !== 'ID_REUSED')
      yield `the record of ${outcome.opId} is of other bytes`;
    else if (record.sourceHash === outcome.sourceHash && endOf(record) !== endOf(outcome)) {
      yield `${outcome.opId} ended ${endOf(outcome)}, its record says ${endOf(record)}`;
    }
  }
}

/** Replays the committed order serially, including foreign writes, and compares outcomes and state. */
async function wronglyApplied(
  found: LeftBehind,
  steps: readonly (OperationStep | ForeignStep)[],
  contracts: readonly Contract[],
): Promise<string[]> {
  // A message appended twice takes effect at its first place; without its own time the second copy has a later time.
  const byMessage = new Map(
    found.operations.toReversed().map(({ operation }) => [`${operation.opId} ${operation.sourceHash}`, operation]),
  );
  const state: CommittedState = new Map(found.before);
  const broken: string[] = [];
  for (const step of steps) {
    if ('foreign' in step) {
      applyWrites(step.foreign, state);
      continue;
    }
    const operation = byMessage.get(`${step.opId} ${step.sourceHash}`);
    if (operation === undefined) {
      broken.push(`${step.opId} took effect and was never accepted`);
      continue;
    }
    const [result] = await applySerially(contracts, [serialStep(operation, step)], state);
    const [was, is] = [`${step.status} ${step.code}`, `${result?.status} ${result?.code}`];
    if (was !== is) broken.push(`${step.opId} ended ${was}; in the same place of a replay it ends ${is}`);
  }
  return [...broken, ...differences('replayed operation by operation', state, found.state)];
}

/** The state of serial execution in the promised order, with closed operations closed. */
async function serialState(
  { operations, outcomes, before }: LeftBehind,
  contracts: readonly Contract[],
): Promise<CommittedState> {
  const ends = new Map(outcomes.map((outcome) => [outcome.seq, outcome]));
  const state: CommittedState = new Map(before);
  await applySerially(
    contracts,
    operations.map(({ seq, operation }) => serialStep(operation, ends.get(seq))),
    state,
  );
  return state;
}

/** Executes a step. Dead operations are closed, except for contract errors, which recur. */
function serialStep(
  operation: Operation,
  end: { readonly status: string; readonly code: string } | undefined,
): SerialStep {
  if (end?.status !== 'dead' || end.code === 'CONTRACT_ERROR') return operation;
  const { opId, sourceHash, time } = operation;
  return { close: { opId, sourceHash, reason: end.code, day: time.slice(0, 10) } };
}

function* differences(how: string, expected: CommittedState, is: CommittedState): Generator<string> {
  const [wanted, there] = [new Map(comparableState(expected)), new Map(comparableState(is))];
  for (const key of new Set([...wanted.keys(), ...there.keys()])) {
    if (wanted.get(key) !== there.get(key)) yield `${key} is ${there.get(key)}; ${how} it is ${wanted.get(key)}`;
  }
}

/** The end of an operation with its Fabric transaction, which is omitted for a reused name, as each try is rejected in its own transaction. */
function endOf({
  status,
  code,
  txId,
}: {
  readonly status: string;
  readonly code: string;
  readonly txId: string;
}): string {
  return code === 'ID_REUSED' ? `${status} ${code}` : `${status} ${code} in ${txId}`;
}

/** An outcome as text, without undeclared keys, which only the settling transaction reports. */
function outcomeText(outcome: OperationOutcome): string {
  return JSON.stringify({ ...outcome, undeclared: undefined });
}
