import { isCodedError } from '@medrex/coded-error';
import { openKafkaLog } from '@medrex/kafka';
import { kafkaSettings } from './command-log.ts';
import type { Finding } from './doctor.ts';

/** With MEDREX_LOG=kafka, checks that the brokers answer and the topics are durable enough; otherwise returns nothing. */
export async function checkLog(): Promise<readonly Finding[]> {
  const check = 'Kafka';
  try {
    const settings = kafkaSettings();
    if (settings.MEDREX_LOG !== 'kafka') return [];
    const log = await openKafkaLog(settings, 'doctor');
    await log.close();
    const { MEDREX_KAFKA_BROKERS: brokers, MEDREX_KAFKA_DURABILITY: durability } = settings;
    return [{ check, verdict: 'ok', found: `${brokers.join(',')} answers; topics exist (${durability})` }];
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const remedy = isCodedError(error) ? error.remedy : 'See docs/how-to/kafka.md.';
    return [{ check, verdict: 'problem', found, remedy }];
  }
}
