import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { intakeHeaders, topics, type LogRun, type NewRecord } from '@medrex/contracts';
import { describeReal } from '@medrex/contracts/testing';
import { connectionOf, kafkaConfig, KafkaEventLog, type KafkaObserver } from '@medrex/kafka';
import { eventually } from '../harness/eventually.ts';
import { KafkaStack } from '../harness/kafka-stack.ts';
import { RealNetwork } from '../harness/real-network.ts';
import { TokenServer } from '../harness/token-server.ts';

const shared = [topics.intake, topics.intakeUrgent] as const;
const partitions = Array.from({ length: 12 }, (_, number) => number);
const group = 'readers';

/** A consumer of both intake topics, like ingest: records what it has processed and commits it. */
class Member {
  readonly log: KafkaEventLog;
  readonly taken: string[];
  readonly #shared: string[];

  constructor(log: KafkaEventLog, shared: string[]) {
    this.log = log;
    this.taken = [];
    this.#shared = shared;
  }

  async join(): Promise<this> {
    for (const topic of shared)
      await this.log.subscribe(
        { group, topic, from: { at: 'committed' }, maxRecords: 5, onError: () => undefined },
        (run) => this.#take(run),
      );
    return this;
  }

  async #take({ topic, partition, records }: LogRun): Promise<void> {
    for (const { offset } of records) {
      this.taken.push(`${topic}/${partition}/${offset}`);
      this.#shared.push(`${topic}/${partition}/${offset}`);
    }
    await this.log.commit(group, topic, partition, (records.at(-1)?.offset ?? 0) + 1);
  }
}

describeReal('KAFKA', 'the log with a killed broker, and with consumers that join and leave', () => {
  const network = new RealNetwork({ parts: ['kafka'], env: {} });
  let kafka: KafkaStack;
  let logs: KafkaEventLog[] = [];
  let all: string[] = [];
  beforeAll(async () => {
    await network.up();
  }, 150_000);
  afterEach(async () => {
    await Promise.all(logs.map((log) => log.close()));
    await kafka.remove();
    [logs, all] = [[], []];
  });
  afterAll(async () => network.remove(), 60_000);

  const made = async (): Promise<void> => {
    kafka = await KafkaStack.on(network.env['MEDREX_TEST_KAFKA'] ?? '');
  };
  const newLog = (): KafkaEventLog => {
    logs.push(kafka.anotherLog());
    return logs.at(-1) as KafkaEventLog;
  };
  const member = (): Promise<Member> => new Member(newLog(), all).join();
  /** Appends `count` records to every partition of both topics; returns their positions. */
  const fill = async (count: number): Promise<readonly string[]> => {
    const places = shared.flatMap((topic) => partitions.map((partition) => ({ topic, partition })));
    const appended = await Promise.all(
      places.map(async ({ topic, partition }) => {
        const { baseOffset } = await kafka.log.append(topic, partition, Array.from({ length: count }, aRecord));
        return Array.from({ length: count }, (_, at) => `${topic}/${partition}/${baseOffset + at}`);
      }),
    );
    return appended.flat();
  };
  const hasAll = (places: readonly string[]) => (): boolean => {
    const taken = new Set(all);
    return places.every((place) => taken.has(place));
  };

  it('two consumers of a group share the partitions of two topics and read each record once', async () => {
    await made();
    const members = [await member(), await member()];
    await eventually('the partitions are divided', async () => {
      await fill(1);
      return members.every(({ taken }) => taken.length > 0);
    });
    await eventually('all is taken', async () => (await unread(kafka)) === 0);
    all.length = 0;
    members.forEach(({ taken }) => (taken.length = 0));
    const places = await fill(20);
    await eventually('all is taken', hasAll(places));
    expect([...all].sort()).toEqual([...places].sort());
    const readBy = members.map(({ taken }) => new Set(taken.map(placeOf)));
    expect(readBy.map(({ size }) => size)).toEqual([12, 12]);
  }, 120_000);

  it('loses nothing and keeps the order when consumers join and leave during a run; only unfinished runs are redelivered', async () => {
    await made();
    const first = await member();
    const places = [...(await fill(60))];
    await eventually('it has begun', () => first.taken.length > 50);
    const second = await member();
    places.push(...(await fill(60)));
    await eventually('the second has begun', () => second.taken.length > 50);
    await first.log.close();
    places.push(...(await fill(20)));
    await eventually('all is taken', hasAll(places));
    expect(inOrder(all)).toEqual(true);
    // Each of the two rebalances repeats at most one run per partition.
    expect(all.length - places.length).toBeLessThanOrEqual(2 * 24 * 5);
    await eventually('all is committed', async () => (await unread(kafka)) === 0);
  }, 120_000);

  it('a broker that is killed and restarted has all appended records, in order', async () => {
    await made();
    const reader = await member();
    const broker = network.part('kafka');
    let appended = 0;
    let isOver = false;
    const writing = (async () => {
      for (; !isOver; appended++) await kafka.log.append(topics.intake, 3, [aRecord(undefined, appended)]);
    })();
    await eventually('some are taken', () => reader.taken.length > 100);
    await broker.kill();
    const before = appended;
    await broker.start();
    await eventually('more are appended', () => appended > before + 100);
    isOver = true;
    await writing;
    const { end } = await kafka.log.bounds(topics.intake, 3);
    await eventually('all are taken', () => new Set(all).size === end);
    expect(inOrder(all)).toEqual(true);
    const numbers = await numbersIn(kafka, 3);
    expect([...new Set(numbers)]).toEqual(Array.from({ length: appended }, (_, number) => number));
    // At worst the request in flight is stored twice.
    expect(numbers.length - appended).toBeLessThanOrEqual(1);
  }, 150_000);

  /** A log over the listener with TLS. */
  const secure = (sasl: Readonly<Record<string, string>>, observer: KafkaObserver = {}): KafkaEventLog => {
    const { env } = network;
    const config = kafkaConfig.parse({
      MEDREX_KAFKA_BROKERS: env['MEDREX_TEST_KAFKA_SECURE'],
      MEDREX_KAFKA_TLS: 'true',
      MEDREX_KAFKA_CA_FILE: env['MEDREX_TEST_KAFKA_CA'],
      ...sasl,
    });
    const connection = connectionOf(config, 'medrex-test');
    const log = new KafkaEventLog({ connection, observer, prefix: kafka.prefix });
    logs.push(log);
    return log;
  };

  it('supports TLS and SCRAM, and reports a refused login', async () => {
    await made();
    const { MEDREX_TEST_KAFKA_USER: MEDREX_KAFKA_USERNAME = '', MEDREX_TEST_KAFKA_PASSWORD: password = '' } =
      network.env;
    const scram = { MEDREX_KAFKA_SASL: 'scram-sha-512', MEDREX_KAFKA_USERNAME };
    const log = secure({ ...scram, MEDREX_KAFKA_PASSWORD: password });
    await log.append(topics.intake, 0, [aRecord(undefined, 0)]);
    const reader = await new Member(log, all).join();
    await eventually('it is read', () => reader.taken.length === 1);
    const refused = secure({ ...scram, MEDREX_KAFKA_PASSWORD: 'another' });
    await expect(refused.append(topics.intake, 0, [aRecord(undefined, 0)])).rejects.toMatchObject({
      code: 'KAFKA_REFUSED',
    });
  }, 120_000);

  it('supports OAUTHBEARER with a token from a file, and waits for another when it is refused', async () => {
    await made();
    const file = join(network.folder, 'token');
    writeFileSync(file, `${aToken(60)}\n`);
    const failures: string[] = [];
    const observer = { appendFailed: ({ failure }: { readonly failure: string }) => failures.push(failure) };
    const log = secure({ MEDREX_KAFKA_SASL: 'oauthbearer', MEDREX_KAFKA_TOKEN_FILE: file }, observer);
    await log.append(topics.intake, 0, [aRecord(undefined, 0)]);
    const reader = await new Member(log, all).join();
    await eventually('it is read', () => reader.taken.length === 1);
    writeFileSync(file, aToken(-60));
    const late = log.append(topics.intake, 1, [aRecord(undefined, 1)]); // each partition has a connection of its own
    await eventually('the old token is refused', () => failures.length > 0);
    expect(new Set(failures)).toEqual(new Set(['KAFKA_TOKEN']));
    writeFileSync(file, aToken(60));
    await late;
    await eventually('it is read too', () => reader.taken.length === 2);
  }, 120_000);

  it('gets OAUTHBEARER tokens from a token endpoint, and waits while that does not answer', async () => {
    await made();
    const endpoint = await TokenServer.start(() => aToken(60), 0.001);
    const log = secure({
      MEDREX_KAFKA_SASL: 'oauthbearer',
      MEDREX_KAFKA_TOKEN_URL: endpoint.url,
      MEDREX_KAFKA_CLIENT_ID: 'medrex',
      MEDREX_KAFKA_CLIENT_SECRET: 'development',
    });
    try {
      await log.append(topics.intake, 0, [aRecord(undefined, 0)]);
      const reader = await new Member(log, all).join();
      await eventually('it is read', () => reader.taken.length === 1);
      endpoint.isDown = true;
      const late = log.append(topics.intake, 9, [aRecord(undefined, 9)]);
      await eventually('it has been asked in vain', () => endpoint.refused > 0);
      endpoint.isDown = false;
      await late;
      await eventually('it is read', () => reader.taken.some((place) => place.startsWith(`${topics.intake}/9/`)));
    } finally {
      await endpoint.close();
    }
  }, 120_000);
});

function aRecord(_: unknown, number: number): NewRecord {
  const headers = intakeHeaders({ source: 's', id: String(number), contentType: 'text/plain' });
  return { key: 'k', value: Buffer.from(String(number)), headers };
}

/** An unsigned JWT, accepted by Kafka's development validator. */
function aToken(livesSeconds: number): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: 'medrex', iat: now - 120, exp: now + livesSeconds })}.`;
}

const placeOf = (name: string): string => name.slice(0, name.lastIndexOf('/'));

/** Whether first deliveries are in offset order per partition. */
function inOrder(taken: readonly string[]): boolean {
  const next = new Map<string, number>();
  return taken.every((name) => {
    const place = placeOf(name);
    const offset = Number(name.slice(place.length + 1));
    const expected = next.get(place) ?? 0;
    next.set(place, Math.max(expected, offset + 1));
    return offset <= expected;
  });
}

/** Records that the group has not committed. */
async function unread({ log }: KafkaStack): Promise<number> {
  const each = shared.flatMap((topic) =>
    partitions.map(async (partition) => {
      const { end } = await log.bounds(topic, partition);
      return end - ((await log.committed(group, topic, partition)) ?? 0);
    }),
  );
  return (await Promise.all(each)).reduce((sum, one) => sum + one, 0);
}

/** The values of a partition of the intake topic, which are numbers. */
async function numbersIn({ log }: KafkaStack, partition: number): Promise<readonly number[]> {
  const numbers: number[] = [];
  const { end } = await log.bounds(topics.intake, partition);
  const place = { topic: topics.intake, partitions: [partition], from: { at: 'start' } } as const;
  const subscription = await log.subscribe({ group: 'test', ...place }, async ({ records }) => {
    for (const { value } of records) numbers.push(Number(Buffer.from(value).toString()));
  });
  await eventually('all are read', () => numbers.length >= end);
  await subscription.close();
  return numbers;
}
