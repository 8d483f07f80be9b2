import { operationsPerRecord, topics } from '@medrex/contracts';
import type { Contract } from '@medrex/execute-batch';
import { eventually } from './eventually.ts';
import { brokenPromises } from './invariants.ts';
import { readLeftBehind, readProgress, readStatuses, type LeftBehind } from './left-behind.ts';
import type { Accepted } from './sender.ts';
import type { Stack } from './stack.ts';
import { readOperations } from './topic-writer.ts';

/** Who sent, and what the run is to be judged by. */
export interface Run {
  readonly senders: readonly { readonly accepted: readonly Accepted[] }[];
  readonly contracts: readonly Contract[];
  readonly isSerial?: boolean;
  /** How long the services may take to come to the end of what was accepted. */
  readonly withinMs?: number;
}

/** Waits until nothing is live any more: orderer-dag says so, and ingest has noted the end of all that have a receipt. Nobody may send meanwhile. */
export async function settled(stack: Stack, senders: Run['senders'] = [], withinMs?: number): Promise<void> {
  const log = stack.openLog();
  try {
    const isTerminal = async (): Promise<true> => {
      const progress = await readProgress(log);
      const { end } = await log.bounds(topics.operations, 0);
      const isDone = end === 0 || (progress?.lowWaterMark ?? 0) > (end - 1) * operationsPerRecord;
      if (!isDone || progress?.live !== 0)
        throw new Error(`the log ends at ${end}; progress: ${JSON.stringify(progress)}`);
      return true;
    };
    await eventually('everything is terminal', isTerminal, withinMs);
  } finally {
    await log.close();
  }
  await ended(stack, receiptsOf(senders));
}

/** The operations that senders have receipts for by now. */
export function receiptsOf(senders: Run['senders']): readonly string[] {
  return senders.flatMap(({ accepted }) => accepted.map(({ opId }) => opId));
}

/** Waits until ingest has noted the end of these operations in the status store; more may be on their way. */
export async function ended(stack: Stack, opIds: readonly string[]): Promise<void> {
  await eventually('the status store has every end', async () => {
    const statuses = await readStatuses(stack.folder, opIds);
    const pending = opIds.filter((opId) => (statuses.get(opId)?.state ?? 'pending') === 'pending');
    if (pending.length > 0) throw new Error(`${pending.length} are pending, the first is ${pending[0]}`);
    return true;
  });
}

/**
 * Ends a run: waits until all is terminal, stops the services, reads what they left behind and judges it.
 *
 * @throws with every promise that was broken
 */
export async function judge(stack: Stack, { senders, withinMs, ...run }: Run): Promise<LeftBehind> {
  await settled(stack, [], withinMs);
  await ended(
    stack,
    (await readOperations(stack)).map(({ operation }) => operation.opId),
  );
  await stack.stop();
  const found = await readLeftBehind(stack);
  const broken = await brokenPromises({ found, senders, ...run });
  if (broken.length > 0) throw new Error(`promises were broken:\n${broken.join('\n')}`);
  return found;
}
