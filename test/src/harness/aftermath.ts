import { join } from 'node:path';
import { operationsPerRecord, topics } from '@medrex/contracts';
import { EmbeddedEventLog } from '@medrex/embedded';
import type { Contract } from '@medrex/execute-batch';
import { eventually } from './eventually.ts';
import { brokenPromises } from './invariants.ts';
import { readLeftBehind, readProgress, readStatuses, type LeftBehind } from './left-behind.ts';
import type { Accepted } from './sender.ts';
import type { Stack } from './stack.ts';

/** Who sent, and what the run is to be judged by. */
export interface Run {
  readonly senders: readonly { readonly accepted: readonly Accepted[] }[];
  readonly contracts: readonly Contract[];
  readonly isSerial?: boolean;
}

/** Waits until every accepted operation is terminal: orderer-dag says so, and ingest has noted all that have a receipt. */
export async function settled(stack: Stack, senders: Run['senders'] = []): Promise<void> {
  const log = new EmbeddedEventLog({ root: join(stack.folder, 'log') });
  try {
    await eventually('everything is terminal', async () => {
      const progress = await readProgress(log);
      const { end } = await log.bounds(topics.operations, 0);
      const isDone = end === 0 || (progress?.lowWaterMark ?? 0) > (end - 1) * operationsPerRecord;
      if (!isDone || progress?.live !== 0)
        throw new Error(`the log ends at ${end}; progress: ${JSON.stringify(progress)}`);
      return true;
    });
  } finally {
    await log.close();
  }
  await noted(
    stack,
    senders.flatMap(({ accepted }) => accepted.map(({ opId }) => opId)),
  );
}

/** Waits until the status store has the end of all these operations. */
async function noted(stack: Stack, opIds: readonly string[]): Promise<void> {
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
export async function judge(stack: Stack, { senders, ...run }: Run): Promise<LeftBehind> {
  await settled(stack, senders);
  await stack.stop();
  const found = await readLeftBehind(stack.folder);
  const broken = await brokenPromises({ found, senders, ...run });
  if (broken.length > 0) throw new Error(`promises were broken:\n${broken.join('\n')}`);
  return found;
}
