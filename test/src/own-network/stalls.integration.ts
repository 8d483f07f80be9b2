import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { anObservation } from '@medrex/clinical/testing';
import { intakeHeaders, topics, type Receipt } from '@medrex/contracts';
import { describeReal } from '@medrex/contracts/testing';
import { eventually } from '../harness/eventually.ts';
import { KafkaStack } from '../harness/kafka-stack.ts';
import { RealNetwork } from '../harness/real-network.ts';
import { serviceNames, type ServiceName } from '../harness/stack.ts';

const stallMs = 2_000;

describeReal('KAFKA', 'a suspended broker', () => {
  const network = new RealNetwork({ parts: ['kafka'], env: {} });
  let kafka: KafkaStack;
  beforeAll(async () => {
    await network.up();
    const brokers = network.env['MEDREX_TEST_KAFKA'] ?? '';
    kafka = await KafkaStack.on(brokers, { MEDREX_KAFKA_STALL_MS: String(stallMs) });
    await kafka.stack.start();
  }, 150_000);
  afterAll(async () => {
    network.part('kafka').continue();
    await (kafka as KafkaStack | undefined)?.remove(); // there is none when the start failed
    await network.remove();
  }, 60_000);

  /** The readiness of a service. */
  async function readiness(name: ServiceName): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(new URL('/readyz', kafka.stack.url(name, 'metrics')));
    return { status: response.status, text: await response.text() };
  }
  const allAre = async (status: number): Promise<boolean> => {
    const answers = await Promise.all(serviceNames.map((name) => readiness(name)));
    return answers.every((answer) => answer.status === status);
  };

  it('makes every service not ready, with the reason, and ready again when it resumes', async () => {
    const receipts: readonly Receipt[] = await kafka.receipts();
    await eventually('all are ready', () => allAre(200), 30_000);
    await delay(2 * stallMs); // an idle topic is not a stall
    expect(await allAre(200)).toBe(true);
    network.part('kafka').pause();
    await eventually('none is ready', () => allAre(503), 60_000);
    const says = (name: ServiceName, topic: string): Promise<boolean> =>
      eventually(`${name} says so`, async () => {
        return (await readiness(name)).text.includes(`${topic}/0: no answer of its broker for`);
      });
    await says('ingest', topics.outcomes);
    await says('dependency-analyzer', topics.operations);
    await says('orderer-dag', topics.operations);
    await eventually('ingest has lost its place in the group', async () =>
      (await readiness('ingest')).text.includes(`ingest of ${topics.intake}: no place in the group`),
    );
    network.part('kafka').continue();
    await eventually('all are ready again', () => allAre(200), 60_000);
    const headers = intakeHeaders({ source: 'urn:ehr:stall', id: 'after', contentType: 'application/json' });
    const value = Buffer.from(JSON.stringify(anObservation()));
    await kafka.log.append(topics.intake, 5, [{ value, headers }]);
    await eventually('work goes on', () => receipts.some(({ state }) => state === 'settled'), 60_000);
  }, 240_000);
});
