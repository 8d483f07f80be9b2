import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { encodeOperation, operationItem } from '@medrex/execute-batch';
import { accountKey } from '@medrex/execute-batch/testing';
import { createTelemetry, newTraceparent } from '@medrex/telemetry';
import { ordererConfig } from './config.ts';
import { startOrdererDag } from './start-orderer-dag.ts';
import { deposit } from './testing/operations.ts';
import { OrdererUnderTest } from './testing/orderer-under-test.ts';

describe('startOrdererDag on the embedded log and ledger', () => {
  let orderer: OrdererUnderTest;
  beforeEach(async () => {
    orderer = await OrdererUnderTest.start({ MEDREX_CONTRACTS: '@medrex/execute-batch/testing#assetTransfer' });
  });
  afterEach(() => orderer.remove());

  it('carries operations from the log to outcomes, through a restart', async () => {
    await orderer.append([deposit('ann'), deposit('ann'), deposit('ben')]);
    expect((await orderer.outcomes(3)).map(({ status, blockNum }) => `${status} ${blockNum}`)).toEqual([
      'applied 1',
      'applied 1',
      'applied 1',
    ]);
    await orderer.end();
    await orderer.append([deposit('ann')]);
    await orderer.begin();
    const all = await orderer.outcomes(4);
    expect(all).toHaveLength(4);
    expect(all[3]).toMatchObject({ status: 'applied', blockNum: 2 });
  });

  it('exports every series from the start, counts outcomes, and reports readiness', async () => {
    expect(await orderer.metric('medrex_orderer_operations_total{end="dead",class="audit"}')).toMatch(/ 0$/);
    expect(await orderer.metric('medrex_orderer_fabric_transactions_total{code="MVCC_READ_CONFLICT"}')).toMatch(/ 0$/);
    await eventually(async () => (await fetch(orderer.url('model', '/readyz'))).ok);
    await orderer.append([deposit('ann'), deposit('ben')], { class: 'cpoe' });
    await orderer.outcomes(2);
    expect(await orderer.metric('medrex_orderer_operations_total{end="applied",class="cpoe"}')).toMatch(/ 2$/);
    expect(await orderer.metric('medrex_orderer_fabric_transactions_total{code="VALID"}')).toMatch(/ 1$/);
    expect(await orderer.metric('medrex_orderer_live_operations')).toMatch(/ 0$/);
  });

  it('traces a sampled operation in its own trace, linked to its fusion', async () => {
    const traceparent = newTraceparent(true);
    await orderer.append([deposit('ann')], { traceparent });
    await orderer.append([deposit('ben')], { traceparent: newTraceparent(false) });
    await orderer.outcomes(2);
    const steps = ['carry', 'commit', 'endorse', 'fuse', 'plan', 'submit'].map((step) => `orderer-dag ${step}`);
    const spans = await eventually(() => {
      const finished = orderer.tracing.finished();
      return finished.length >= steps.length && finished;
    });
    expect(spans.map(({ name }) => name).sort()).toEqual(steps);
    const [carry, commit, endorse, fuse, plan, submit] = steps.map((name) => spans.find((span) => span.name === name));
    expect([commit, endorse, submit].map((span) => span?.parentSpanId)).toEqual(Array(3).fill(fuse?.spanId));
    expect([plan?.traceId, plan?.parentSpanId]).toEqual([traceparent.slice(3, 35), traceparent.slice(36, 52)]);
    expect([carry?.traceId, carry?.links]).toEqual([traceparent.slice(3, 35), [fuse?.spanId]]);
    expect([fuse?.parentSpanId, fuse?.links]).toEqual([traceparent.slice(36, 52), []]);
  });

  it('lets other clients of the model read and write; their writes are foreign', async () => {
    const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
      const response = await fetch(orderer.url('model', path), { method: 'POST', body: JSON.stringify(body) });
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
    await eventually(async () => (await orderer.metric('medrex_orderer_foreign_writes_total'))?.endsWith(' 2'));
    expect(
      await post('/model/transactions', { channel: 'lab', chaincode: 'medrex', fn: 'get', args: [] }),
    ).toMatchObject({ error: 'CHANNEL_UNKNOWN' });
    expect(
      (await fetch(orderer.url('model', '/model/transactions'), { method: 'POST', body: 'nonsense' })).status,
    ).toBe(400);
  });
});

describe('the configuration', () => {
  it('reports all problems, by variable name', () => {
    const { error } = ordererConfig.safeParse({
      PORT: '70000',
      ORDERER_FLIGHTS: 'many',
      MEDREX_CHANNELS: ' , ',
      MEDREX_CONTRACTS: '',
    });
    expect(error?.issues.map(({ path }) => path.join('.')).sort()).toEqual([
      'MEDREX_CHANNELS',
      'MEDREX_CONTRACTS',
      'ORDERER_FLIGHTS',
      'PORT',
    ]);
  });

  it('refuses exports that are not contracts', async () => {
    for (const name of ['@medrex/execute-batch#encodeOperation', '@medrex/nowhere#contract', '@medrex/execute-batch']) {
      const config = ordererConfig.parse({ MEDREX_DATA_DIR: tmpdir(), MEDREX_CONTRACTS: name });
      await expect(
        startOrdererDag(config, {
          telemetry: createTelemetry({ service: 'orderer-dag', traceRatio: 0, writeLog: () => undefined }),
        }),
      ).rejects.toMatchObject({
        code: 'CONTRACT_MODULE',
      });
    }
  });
});
