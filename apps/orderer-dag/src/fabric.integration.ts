import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { encodeOperations, outcomesCodec, topics, type OperationOutcome } from '@medrex/contracts';
import { aRouting, describeReal, eventually } from '@medrex/contracts/testing';
import { EmbeddedEventLog } from '@medrex/embedded';
import { batchChaincode, type Operation } from '@medrex/execute-batch';
import { assetTransfer } from '@medrex/execute-batch/testing';
import { chaincodePackage, ChaincodeService, freePort, NetworkAdmin } from '@medrex/fabric/testing';
import type { RunningService } from '@medrex/nest';
import { createTelemetry } from '@medrex/telemetry';
import { ordererConfig, type OrdererConfig } from './config.ts';
import { startOrdererDag } from './start-orderer-dag.ts';
import { deposit } from './testing/operations.ts';

const silent = { service: 'orderer-dag', traceRatio: 0, writeLog: () => undefined, isStrict: true } as const;

describeReal('FABRIC', 'startOrdererDag on real peers', (profile) => {
  const name = `batch-${randomBytes(5).toString('hex')}`;
  let admin: NetworkAdmin;
  let chaincode: ChaincodeService;
  let folder: string;
  let config: OrdererConfig;
  let service: RunningService;
  let log: EmbeddedEventLog;

  beforeAll(async () => {
    admin = await NetworkAdmin.open(profile);
    const address = `127.0.0.1:${await freePort()}`;
    const pack = chaincodePackage('orderer-dag-test', address);
    chaincode = await ChaincodeService.start({
      ...{ address, packageId: pack.id },
      chaincode: batchChaincode({ name, version: '1', contracts: [assetTransfer] }),
    });
    await admin.install(pack);
    await admin.commit({ name, packageId: pack.id });
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orderer-dag-fabric-'));
    config = ordererConfig.parse({
      ...{ MEDREX_DATA_DIR: folder, PORT: '0', MEDREX_LEDGER: 'fabric', MEDREX_FABRIC_PROFILE: profile },
      ...{ MEDREX_CHANNELS: admin.channel, MEDREX_CHAINCODE: name },
    });
    service = await startOrdererDag(config, { telemetry: createTelemetry(silent) });
    log = new EmbeddedEventLog({ root: join(folder, 'log') });
  });
  afterEach(async () => {
    await service.close();
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterAll(async () => {
    await admin.close();
    chaincode.close();
  });

  const append = async (operations: readonly Operation[]): Promise<void> => {
    const run = operations.map((operation) => ({ operation, routing: aRouting({}) }));
    await log.append(
      topics.operations,
      0,
      encodeOperations(run).map((value) => ({ value })),
    );
  };
  const outcomes = async (count: number): Promise<OperationOutcome[]> => {
    const found: OperationOutcome[] = [];
    const subscription = await log.subscribe(
      { group: 'test', topic: topics.outcomes, from: { at: 'start' } },
      async ({ records }) => {
        for (const { value } of records) found.push(...outcomesCodec.parse(value).outcomes);
      },
    );
    await eventually(() => found.length >= count, 60_000);
    await subscription.close();
    return found;
  };
  const metric = async (line: string): Promise<string | undefined> =>
    (await (await fetch(service.urls['metrics'] ?? '')).text()).split('\n').find((one) => one.startsWith(`${line} `));

  it('carries operations on hot accounts to outcomes, without one conflict', async () => {
    const operations = Array.from({ length: 400 }, (_, at) => deposit(`account-${name}-${at % 4}`));
    for (let from = 0; from < operations.length; from += 50) await append(operations.slice(from, from + 50));
    const ended = await outcomes(operations.length);
    expect(ended).toHaveLength(operations.length);
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['applied']));
    expect(await metric('medrex_orderer_fabric_transactions_total{code="MVCC_READ_CONFLICT"}')).toMatch(/ 0$/);
    expect(await metric('medrex_orderer_fabric_calls{target="endorser",state="waiting"}')).toMatch(/ 0$/);
    expect(Number((await metric('medrex_orderer_fabric_identity_days'))?.split(' ')[1])).toBeGreaterThan(0);
  });

  it('waits while the chaincode is gone, and dead-letters nothing', async () => {
    await append([deposit(`gone-${name}`)]);
    await outcomes(1);
    chaincode.close();
    await append([deposit(`gone-${name}`), deposit(`gone-${name}`)]);
    await eventually(
      async () => Number((await metric('medrex_orderer_probes_total{result="failed"}'))?.split(' ')[1]) > 0,
      30_000,
    );
    chaincode = await chaincode.again();
    expect((await outcomes(3)).map(({ status }) => status)).toEqual(['applied', 'applied', 'applied']);
  });

  it('goes on after a restart, where it had ended', async () => {
    await append([deposit(`again-${name}`)]);
    await outcomes(1);
    await service.close();
    await append([deposit(`again-${name}`)]);
    service = await startOrdererDag(config, { telemetry: createTelemetry(silent) });
    expect((await outcomes(2)).map(({ status }) => status)).toEqual(['applied', 'applied']);
  });
});
