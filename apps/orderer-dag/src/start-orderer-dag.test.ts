import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { encodeOperations, outcomesCodec, topics, type OperationOutcome, type Routing } from '@medrex/contracts';
import { aRouting, eventually } from '@medrex/contracts/testing';
import { EmbeddedEventLog } from '@medrex/embedded';
import { encodeOperation, operationItem, type Operation } from '@medrex/execute-batch';
import { accountKey } from '@medrex/execute-batch/testing';
import type { RunningService } from '@medrex/nest';
import { createTelemetry, newTraceparent, type Telemetry } from '@medrex/telemetry';
import { ordererConfig, type OrdererConfig } from './config.ts';
import { startOrdererDag } from './start-orderer-dag.ts';
import { deposit } from './testing/operations.ts';

const silent = {
  service: 'orderer-dag',
  traceRatio: 0,
  writeLog: () => undefined,
  isStrict: true,
  keepSpans: true,
} as const;

describe('startOrdererDag on the embedded log and ledger', () => {
  let folder: string;
  let config: OrdererConfig;
  let telemetry: Telemetry;
  let service: RunningService;
  let log: EmbeddedEventLog;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orderer-dag-'));
    config = ordererConfig.parse({
      MEDREX_DATA_DIR: folder,
      PORT: '0',
      MEDREX_CONTRACTS: '@medrex/execute-batch/testing#assetTransfer',
    });
    telemetry = createTelemetry(silent);
    service = await startOrdererDag(config, { telemetry });
    log = new EmbeddedEventLog({ root: join(folder, 'log') });
  });
  afterEach(async () => {
    await service.close();
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });

  const append = async (operations: readonly Operation[], routing: Partial<Routing> = {}): Promise<void> => {
    const run = operations.map((operation) => ({ operation, routing: aRouting(routing) }));
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
    await eventually(() => found.length >= count, 10_000);
    await subscription.close();
    return found;
  };
  const at = (url: string | undefined, path = ''): string => `${url ?? ''}${path}`;
  const metric = async (line: string): Promise<string | undefined> =>
    (await (await fetch(at(service.urls['metrics']))).text()).split('\n').find((one) => one.startsWith(`${line} `));

  it('carries operations from the log to outcomes, through a restart', async () => {
    await append([deposit('ann'), deposit('ann'), deposit('ben')]);
    expect((await outcomes(3)).map(({ status, blockNum }) => `${status} ${blockNum}`)).toEqual([
      'applied 1',
      'applied 1',
      'applied 1',
    ]);
    await service.close();
    await append([deposit('ann')]);
    service = await startOrdererDag(config, { telemetry: createTelemetry(silent) });
    const all = await outcomes(4);
    expect(all).toHaveLength(4);
    expect(all[3]).toMatchObject({ status: 'applied', blockNum: 2 });
  });

  it('shows every series from the start, counts what ends, and says when it is ready', async () => {
    expect(await metric('medrex_orderer_operations_total{end="dead",class="audit"}')).toMatch(/ 0$/);
    expect(await metric('medrex_orderer_fabric_transactions_total{code="MVCC_READ_CONFLICT"}')).toMatch(/ 0$/);
    const base = at(service.urls['model']);
    await eventually(async () => (await fetch(`${base}/readyz`)).ok);
    await append([deposit('ann'), deposit('ben')], { class: 'cpoe' });
    await outcomes(2);
    expect(await metric('medrex_orderer_operations_total{end="applied",class="cpoe"}')).toMatch(/ 2$/);
    expect(await metric('medrex_orderer_fabric_transactions_total{code="VALID"}')).toMatch(/ 1$/);
    expect(await metric('medrex_orderer_live_operations')).toMatch(/ 0$/);
  });

  it('traces a sampled operation under its own trace, linked to its fusion', async () => {
    const traceparent = newTraceparent(true);
    await append([deposit('ann')], { traceparent });
    await append([deposit('ben')], { traceparent: newTraceparent(false) });
    await outcomes(2);
    const spans = telemetry.tracing.finished();
    const steps = ['orderer-dag carry', 'orderer-dag commit', 'orderer-dag endorse', 'orderer-dag fuse'];
    expect(spans.map(({ name }) => name).sort()).toEqual(steps);
    const [carry, commit, endorse, fuse] = steps.map((name) => spans.find((span) => span.name === name));
    expect([commit?.parentSpanId, endorse?.parentSpanId]).toEqual([fuse?.spanId, fuse?.spanId]);
    expect([carry?.traceId, carry?.links]).toEqual([traceparent.slice(3, 35), [fuse?.spanId]]);
    expect(fuse?.links).toEqual([traceparent.slice(36, 52)]);
  });

  it('lets other clients of the model write and read: their writes are foreign', async () => {
    const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
      const response = await fetch(at(service.urls['model'], path), { method: 'POST', body: JSON.stringify(body) });
      return (await response.json()) as Record<string, unknown>;
    };
    const item = Buffer.from(operationItem(encodeOperation(deposit('ann')))).toString('base64');
    const written = await post('/model/transactions', {
      chaincode: 'medrex',
      fn: 'executeBatch',
      args: [item],
      creator: 'ForeignMSP',
    });
    expect(written).toMatchObject({ code: 'VALID' });
    const read = await post('/model/evaluate', {
      chaincode: 'medrex',
      fn: 'get',
      args: [Buffer.from(accountKey('ann')).toString('base64')],
    });
    expect(JSON.parse(Buffer.from(String(read['payload']), 'base64').toString())).toMatchObject({ balance: 1 });
    await eventually(async () => (await metric('medrex_orderer_foreign_writes_total'))?.endsWith(' 2'));
    expect(
      await post('/model/transactions', { channel: 'lab', chaincode: 'medrex', fn: 'get', args: [] }),
    ).toMatchObject({ error: 'CHANNEL_UNKNOWN' });
    expect(
      (await fetch(at(service.urls['model'], '/model/transactions'), { method: 'POST', body: 'nonsense' })).status,
    ).toBe(400);
  });
});

describe('the configuration', () => {
  it('names everything that is wrong, by variable', () => {
    const { error } = ordererConfig.safeParse({
      ...{ PORT: '70000', ORDERER_FLIGHTS: 'many', MEDREX_CHANNELS: ' , ', MEDREX_CONTRACTS: '' },
    });
    expect(error?.issues.map(({ path }) => path.join('.')).sort()).toEqual([
      'MEDREX_CHANNELS',
      'MEDREX_CONTRACTS',
      'ORDERER_FLIGHTS',
      'PORT',
    ]);
  });

  it('refuses contracts that are none', async () => {
    for (const name of ['@medrex/execute-batch#encodeOperation', '@medrex/nowhere#contract', '@medrex/execute-batch']) {
      const config = ordererConfig.parse({ MEDREX_DATA_DIR: tmpdir(), MEDREX_CONTRACTS: name });
      await expect(startOrdererDag(config, { telemetry: createTelemetry(silent) })).rejects.toMatchObject({
        code: 'CONTRACT_MODULE',
      });
    }
  });
});
