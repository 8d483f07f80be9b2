import { randomUUID } from 'node:crypto';
import { receiptCodec, topics, type Receipt } from '@medrex/contracts';
import { applyTopics, connectionOf, kafkaConfig, KafkaEventLog, removeTopics } from '@medrex/kafka';
import { KeptTopic } from './kept-topic.ts';
import type { ReadLedger } from './left-behind.ts';
import { Stack } from './stack.ts';

/** The services on their own topics of a real Kafka cluster, with embedded status store and vault, and an embedded ledger by default. */
export class KafkaStack {
  readonly stack: Stack;
  readonly prefix: string;
  /** A client of the test on the same topics. */
  readonly log: KafkaEventLog;
  #operations: KeptTopic | undefined;
  readonly #connection: ReturnType<typeof connectionOf>;

  private constructor(brokers: string, env: Readonly<Record<string, string>>, readLedger?: ReadLedger) {
    this.prefix = `test-${randomUUID().slice(0, 8)}.`;
    const kafka = { MEDREX_LOG: 'kafka', MEDREX_KAFKA_BROKERS: brokers, MEDREX_KAFKA_PREFIX: this.prefix };
    const all = { ...kafka, MEDREX_KAFKA_DURABILITY: 'one-broker', ...env };
    this.#connection = connectionOf(kafkaConfig.parse(all), 'medrex-test');
    const openLog = () => this.anotherLog();
    this.log = openLog();
    const keptOperations = async () => this.#operations?.all() ?? [];
    this.stack = new Stack(all, { openLog, keptOperations, ...(readLedger !== undefined && { readLedger }) });
  }

  /** Creates the topics. @param brokers value of MEDREX_TEST_KAFKA @param env additional environment of the services */
  static async on(
    brokers: string,
    env: Readonly<Record<string, string>> = {},
    readLedger?: ReadLedger,
  ): Promise<KafkaStack> {
    const made = new KafkaStack(brokers, env, readLedger);
    await applyTopics(made.#connection, made.prefix, { channels: 1, replicationFactor: 1, minInSyncReplicas: 1 });
    made.#operations = await KeptTopic.of(made.log, topics.operations);
    return made;
  }

  /** Another client on the same topics, to be closed by the caller. */
  anotherLog(): KafkaEventLog {
    return new KafkaEventLog({ connection: this.#connection, prefix: this.prefix });
  }

  /** Returns an array to which all receipts from now on are pushed, until `remove`. */
  async receipts(): Promise<readonly Receipt[]> {
    const receipts: Receipt[] = [];
    await this.log.subscribe({ group: 'hospital', topic: topics.receipts, from: { at: 'start' } }, async (run) => {
      for (const { value } of run.records) receipts.push(receiptCodec.parse(value));
    });
    return receipts;
  }

  async remove(): Promise<void> {
    await this.log.close();
    await this.stack.remove();
    await removeTopics(this.#connection, this.prefix);
  }
}
