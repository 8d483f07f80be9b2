import { applySerially, type CommittedState } from '@medrex/execute-batch/testing';
import { allBlocks, committedSteps, comparable, ledgerState, orderViolations, replay } from './channel-record.ts';
import type { TestChannel } from './test-channel.ts';

/**
 * What a finished history breaks of the promises, in words; nothing when all is well. Every accepted operation has
 * exactly one outcome; declared keys follow seq; replaying the committed order, foreign writes included, gives the
 * ledger's state and the reported ends.
 */
export async function audit(channel: TestChannel): Promise<string[]> {
  const outcomes = channel.outcomes();
  const broken: string[] = [];
  for (const { seq, operation } of channel.placed) {
    const told = outcomes.get(seq) ?? [];
    if (told.length !== 1)
      broken.push(`${operation.opId} at ${seq} has ${told.length} outcomes: ${JSON.stringify(told)}`);
    const [outcome] = told;
    if (outcome && (outcome.opId !== operation.opId || outcome.sourceHash !== operation.sourceHash)) {
      broken.push(`${seq} was told the outcome of ${outcome.opId}`);
    }
  }
  const steps = committedSteps(await allBlocks(channel.ledger));
  broken.push(...orderViolations(channel.placed, steps));
  const { state, ends } = await replay(channel.contracts, channel.placed, steps);
  broken.push(...differences(comparable(state), comparable(await ledgerState(channel.ledger))));
  const reported = new Set([...outcomes.values()].flat().map(({ opId, status, code }) => `${opId} ${status} ${code}`));
  for (const end of ends) if (!reported.has(end)) broken.push(`the replay ends ${end}, which nobody reported`);
  return broken;
}

/** Where the ledger's state is not what carrying out the operations one by one in seq order gives. */
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
