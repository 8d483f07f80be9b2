import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { describeReal, whereIs } from '@medrex/contracts/testing';
import { parseStateValue } from '@medrex/execute-batch';
import { accountKey } from '@medrex/execute-batch/testing';
import { readFabric } from '../harness/fabric-left.ts';
import { TwoLeaders, type Ending, type LedServices } from '../harness/two-leaders.ts';

/** Factor on the guaranteed times (5 s unplanned, 1 s planned) for a loaded machine. Measured times are printed. */
const slack = 4;

// Kafka alone is not enough, as the embedded ledger allows only one process.
const describeBoth: typeof describeReal = (service, title, suite) =>
  describeReal(whereIs('FABRIC') === undefined ? 'FABRIC' : service, title, suite);

describeBoth('KAFKA', 'two orderer-dag on Kafka and Fabric', () => {
  let leaders: TwoLeaders;
  let services: LedServices;

  beforeAll(async () => {
    leaders = await TwoLeaders.up();
  }, 240_000);
  beforeEach(async () => {
    services = await leaders.start();
    await services.load.settled(1_000);
  }, 240_000);
  afterEach(async () => {
    services.load.end();
    await services.kafka.remove();
  });
  afterAll(async () => leaders.remove(), 60_000);

  it('succeeds a leader that is killed', async () => {
    const killedMs = Date.now();
    await services.kafka.stack.kill(['orderer-dag']);
    await followed('SIGKILL', killedMs, 5_000);
    await services.load.settled(1_000);
    await account();
  }, 300_000);

  it('succeeds a leader that is stopped', async () => {
    const reportedMs = Date.now();
    const ending = services.kafka.stack.service('orderer-dag').stop();
    await followed('SIGTERM', reportedMs, 1_000);
    expect(await ending).toMatchObject({ code: 0 });
    await services.load.settled(1_000);
    await account();
  }, 300_000);

  it('succeeds a leader that is suspended, which has no effect any more when it resumes', async () => {
    const { load, kafka } = services;
    const suspended = kafka.stack.service('orderer-dag');
    const stoppedMs = Date.now();
    suspended.pause();
    await followed('SIGSTOP', stoppedMs, 5_000);
    await load.settled(500);
    suspended.continue();
    // It learns that it no longer leads, and ends; a supervisor would restart it.
    expect(await suspended.ended()).toMatchObject({ code: 1 });
    expect(load.claims.length).toBe(1);
    await load.settled(500);
    await account();
  }, 300_000);

  async function followed(what: Ending, sinceMs: number, promisedMs: number): Promise<void> {
    const { load } = services;
    const succession = await load.successor(sinceMs);
    console.info(JSON.stringify({ what, ...succession, ...load.rate() }));
    expect(succession.claimMs).toBeLessThan(promisedMs * slack);
  }

  /** Asserts that every operation with a receipt ended once and is on the ledger once. */
  async function account(): Promise<void> {
    const { load, second, kafka, profile, firstBlock } = services;
    load.end();
    await load.finished();
    expect([...new Set(load.ends.values())]).toEqual(['applied']);
    expect(load.contradictions).toEqual([]);
    expect(second.isRunning).toBe(true);
    const { state } = await readFabric(profile, firstBlock)(kafka.stack.folder);
    const balances = load.senders.map(({ source }) => parseStateValue(state.get(accountKey(source)))?.['balance'] ?? 0);
    expect(balances).toEqual(load.senders.map(({ accepted }) => accepted.length));
  }
});
