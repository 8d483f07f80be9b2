import { applySerially, type CommittedState } from '@medrex/execute-batch/testing';
import { allBlocks, committedSteps, comparable, ledgerState, orderViolations, replay } from './channel-record.ts';
import type { TestChannel } from './test-channel.ts';

/**
 * The guarantees that a finished history violates, as texts; empty when all hold. Every accepted operation has exactly one outcome;
 * operations on declared keys follow their seq; replaying the committed order, with foreign writes, gives the state of the ledger and
 * the reported outcomes.
 */
export async function audit(channel: TestChannel): Promise<string[]> {
  const outcomes = channel.outcomes();
  const broken: string[] = [];
  for (const { seq, operation } of channel.placed) {
    const found = outcomes.get(seq) ?? [];
    if (found.length !== 1)
      broken.push(`${operation.opId} at ${seq} has ${found.length} outcomes: ${JSON.stringify(found)}`);
    const [outcome] = found;
    if (outcome && (outcome.opId !== operation.opId || outcome.sourceHash !== operation.sourceHash)) {
      broken.push(`${seq} has the outcome of ${outcome.opId}`);
    }
  }
  const steps = committedSteps(await allBlocks(channel.ledger));
  broken.push(...orderViolations(channel.placed, steps));
  const { state, ends } = await replay(channel.contracts, channel.placed, steps);
  broken.push(...differences(comparable(state), comparable(await ledgerState(channel.ledger))));
  const reported = new Set([...outcomes.values()].flat().map(({ opId, status, code }) => `${opId} ${status} ${code}`));
  for (const end of ends) if (!reported.has(end)) broken.push(`the replay ends ${end}, which was not reported`);
  return broken;
}

/** The differences between the state of the ledger and that of serial execution in seq order. */
export async function auditSerially(channel: TestChannel): Promise<string[]> {
  const serial: CommittedState = new Map();
  await applySerially(
    channel.contracts,
    channel.placed.map(({ operation }) => operation),
    serial,
  );
  return differences(comparable(serial), comparable(await ledgerState(channel.ledger)));
}

type Lines = readonly (readonly [string, string])[];

function differences(expected: Lines, found: Lines): string[] {
  const [wanted, there] = [new Map(expected), new Map(found)];
  const keys = new Set([...wanted.keys(), ...there.keys()]);
  return [...keys]
    .filter((key) => wanted.get(key) !== there.get(key))
    .map((key) => `${key}: ${there.get(key)} where ${wanted.get(key)} is right`);
}
