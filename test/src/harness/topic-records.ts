import { join } from 'node:path';
import type { LogRecord } from '@medrex/contracts';
import { EmbeddedEventLog } from '@medrex/embedded';

/** All current records of a topic's first partition; also while the services run. */
export async function topicRecords(folder: string, topic: string): Promise<readonly LogRecord[]> {
  const log = new EmbeddedEventLog({ root: join(folder, 'log') });
  const records: LogRecord[] = [];
  try {
    const { start, end } = await log.bounds(topic, 0);
    if (start === end) return records;
    await new Promise<void>((resolve, reject) => {
      const all = { group: 'test', topic, partitions: [0], from: { at: 'start' }, onError: reject } as const;
      log
        .subscribe(all, async (run) => {
          records.push(...run.records);
          if ((run.records.at(-1)?.offset ?? 0) + 1 >= end) resolve();
        })
        .catch(reject);
    });
    return records;
  } finally {
    await log.close();
  }
}
