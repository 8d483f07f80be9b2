import { operationsPerRecord, topics } from '@medrex/contracts';
import type { Contract } from '@medrex/execute-batch';
import { eventually } from './eventually.ts';
import { brokenPromises } from './invariants.ts';
import { readLeftBehind, readProgress, readStatuses, type LeftBehind } from './left-behind.ts';
import type { Accepted } from './sender.ts';
import type { Stack } from './stack.ts';
import { readOperations } from './topic-writer.ts';

/** The senders of a run, and the criteria to judge it. */
export interface Run {
  readonly senders: readonly { readonly accepted: readonly Accepted[] }[];
  readonly contracts: readonly Contract[];
  readonly isSerial?: boolean;
  /** How long the services may take to settle all accepted operations. */
  readonly withinMs?: number;
}

/** Waits until nothing is live according to orderer-dag, and ingest has noted the outcomes of all operations with a receipt. Nothing may be sent meanwhile. */
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

/** The operations for which senders have receipts so far. */
export function receiptsOf(senders: Run['senders']): readonly string[] {
  return senders.flatMap(({ accepted }) => accepted.map(({ opId }) => opId));
}

/** Waits until ingest has noted the outcomes of these operations in the status store; others may be in progress. */
export async function ended(stack: Stack, opIds: readonly string[]): Promise<void> {
  await eventually('the status store has every end', async () => {
    const statuses = await readStatuses(stack.folder, opIds);
    const pending = opIds.filter((opId) => (statuses.get(opId)?.state ?? 'pending') === 'pending');
    if (pending.length > 0) throw new Error(`${pending.length} are pending, the first is ${pending[0]}`);
    return true;
  });
}

/**
 * Ends a run: waits until all operations are terminal, stops the services, reads the data they left and judges it.
 *
 * @throws Error listing every violated guarantee
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
  if (broken.length > 0) throw new Error(`violated guarantees:\n${broken.join('\n')}`);
  return found;
}
