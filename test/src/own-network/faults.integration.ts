import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { clinicalContract } from '@medrex/clinical';
import { describeReal, whereIs } from '@medrex/contracts/testing';
import { assetTransfer } from '@medrex/execute-batch/testing';
import { accounted, accountOf } from '../harness/account.ts';
import { judge, receiptsOf } from '../harness/aftermath.ts';
import { AssetLoad, talliesIn, talliesSent } from '../harness/asset-load.ts';
import { fabricHeight, readFabric } from '../harness/fabric-left.ts';
import { anyFault, killAndStart, pauseAndContinue, type Faulty } from '../harness/faulty.ts';
import { IntakeLoad } from '../harness/intake-load.ts';
import { IntakeTopic } from '../harness/intake-topic.ts';
import { KafkaStack } from '../harness/kafka-stack.ts';
import type { ReadLedger } from '../harness/left-behind.ts';
import { PatientLoad } from '../harness/patient-load.ts';
import { RealNetwork } from '../harness/real-network.ts';
import { seeded, seeds, type Chance } from '../harness/seed.ts';
import { serviceNames, Stack } from '../harness/stack.ts';

/** How long a part is suspended, in ms; use MEDREX_FAULT_PAUSE_SECONDS=60 for a long run. */
const pauseMs = Number(process.env['MEDREX_FAULT_PAUSE_SECONDS'] ?? 3) * 1_000;
/** Duration of random faults, in ms. */
const randomMs = Number(process.env['MEDREX_FAULT_SECONDS'] ?? 8) * 1_000;
const withinMs = 180_000 + 10 * pauseMs;
const longMs = 2 * withinMs + randomMs + 20 * pauseMs;

const contracts = {
  MEDREX_CONTRACTS: '@medrex/execute-batch/testing#assetTransfer,@medrex/clinical#clinicalContract',
  MEDREX_INTAKE_CONTRACTS: '@medrex/contracts/testing#assetTransferIntake,@medrex/clinical#clinicalIntake',
};
const isOnKafka = whereIs('KAFKA') !== undefined;
const networkNames = ['chaincode', 'peer-org1', 'orderer', ...(isOnKafka ? ['kafka'] : [])];

describeReal('FABRIC', `the pipeline on real peers and ${isOnKafka ? 'Kafka' : 'the embedded log'}, under load`, () => {
  const network = new RealNetwork({ parts: isOnKafka ? ['fabric', 'kafka'] : ['fabric'], env: contracts });
  let remove: () => Promise<void>;
  let runs = 0;
  beforeAll(async () => {
    await network.up();
  }, 120_000);
  afterEach(async () => remove());
  afterAll(async () => network.remove(), 60_000);

  /** Starts the services over the network, each time on a new log. */
  async function open(readLedger: ReadLedger): Promise<Stack> {
    const { MEDREX_FABRIC_PROFILE = '', MEDREX_KAFKA_BROKERS: brokers } = network.env;
    // High limits: a partly shed batch is sent again behind its accepted lines, which leaves no order to judge; and a loaded machine
    // may keep operations ready for more than 30 s, which must not close them here.
    const limits = { INGEST_LIVE_MAX: '500000', ORDERER_READY_MAX_MS: String(withinMs) };
    const env = { ...contracts, ...limits, MEDREX_LEDGER: 'fabric', MEDREX_FABRIC_PROFILE };
    if (brokers === undefined) {
      const stack = new Stack(env, { readLedger });
      remove = () => stack.remove();
      return stack;
    }
    const kafka = await KafkaStack.on(brokers, env, readLedger);
    remove = () => kafka.remove();
    return kafka.stack;
  }

  /** Runs a load on the services while `fail` causes faults, and accounts for every operation. */
  async function survive(chance: Chance, fail: (parts: readonly Faulty[], load: AssetLoad) => Promise<void>) {
    const profile = network.env['MEDREX_FABRIC_PROFILE'] ?? '';
    const stack = await open(readFabric(profile, await fabricHeight(profile)));
    await stack.start();
    const topic = new IntakeTopic(stack);
    const name = `run${runs++}`;
    const load = new AssetLoad(stack, { chance, name, pauseMs: 60 });
    const patients = new PatientLoad(stack, name, 100);
    const intake = new IntakeLoad(topic, name, 100);
    const parts = [...serviceNames.map((one) => stack.service(one)), ...networkNames.map((one) => network.part(one))];
    await load.more(100);
    await fail(parts, load);
    await load.more(100);
    await load.finish();
    await patients.finish();
    await intake.finish(withinMs);
    await topic.close();
    const senders = [...load.senders, patients.sender];
    expect(senders.map(({ shed }) => shed)).toEqual(senders.map(() => 0));
    const found = await judge(stack, { senders, contracts: [assetTransfer, clinicalContract], withinMs });
    const published = [...receiptsOf(senders), ...intake.operations(found).values()];
    expect(published).toHaveLength(load.accepted + patients.sender.accepted.length + intake.published);
    const account = accountOf(found, published);
    console.info(JSON.stringify(account));
    expect(account.published).toBe(published.length);
    expect(accounted(account)).toBe(account.published);
    expect(Object.keys(account.dead)).toEqual(account.dead['CONTRACT_ERROR'] === undefined ? [] : ['CONTRACT_ERROR']);
    expect(talliesIn(found.state, load)).toEqual(talliesSent(load));
    return account;
  }

  it.each(seeds(900))(
    'accounts for every operation when nothing fails (seed %i)',
    (seed) =>
      seeded(seed, async (chance) => {
        const account = await survive(chance, () => Promise.resolve());
        expect(account.applied).toBeGreaterThan(100);
      }),
    longMs,
  );

  it.each(seeds(910))(
    'loses nothing and applies nothing twice when each part is killed (seed %i)',
    (seed) =>
      seeded(seed, async (chance) => {
        await survive(chance, async (parts, load) => {
          for (const part of chance.shuffled(parts)) {
            await killAndStart(part, chance.between(0, 1_000));
            await load.more(chance.between(20, 100));
          }
        });
      }),
    longMs,
  );

  it.each(seeds(920))(
    'loses nothing when each part is suspended and resumed (seed %i)',
    (seed) =>
      seeded(seed, async (chance) => {
        await survive(chance, async (parts, load) => {
          for (const part of chance.shuffled(parts)) {
            await pauseAndContinue(part, pauseMs);
            await load.more(chance.between(20, 100));
          }
        });
      }),
    longMs,
  );

  it.each(seeds(930))(
    'loses nothing when parts are killed and suspended at random (seed %i)',
    (seed) =>
      seeded(seed, async (chance) => {
        await survive(chance, async (parts) => {
          for (const endMs = Date.now() + randomMs; Date.now() < endMs;) {
            await anyFault(parts, chance, pauseMs);
            await delay(chance.between(0, 1_000));
          }
        });
      }),
    longMs,
  );
});
