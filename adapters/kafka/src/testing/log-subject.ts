import { topics } from '@medrex/contracts';
import type { EventLogSubject } from '@medrex/contracts/testing';
import { KafkaEventLog } from '../event-log.ts';
import { scratchTopics } from './scratch-topics.ts';

/** A Kafka log for the suite of the port, on topics of its own. @param where brokers, comma-separated */
export async function kafkaLogSubject(where: string): Promise<EventLogSubject> {
  const scratch = await scratchTopics(where, { 'records.of.a.test': 3, 'another.topic': 3, [topics.progress]: 3 });
  const { connection, prefix } = scratch;
  const open: KafkaEventLog[] = [];
  const openLog = (): KafkaEventLog => {
    const log = new KafkaEventLog({ connection, prefix, redelivery: { firstMs: 1, maxMs: 10 } });
    open.push(log);
    return log;
  };
  const closeAll = (): Promise<unknown> => Promise.all(open.map((log) => log.close()));
  return {
    log: openLog(),
    reopen: async () => {
      await closeAll();
      return openLog();
    },
    dispose: async () => {
      await closeAll();
      await scratch.remove();
    },
  };
}
