import { afterEach, describe, expect, it } from '@jest/globals';
import { batchChaincode, decodeResults, encodeOperation, operationItem } from '@medrex/execute-batch';
import { accountKey, assetOperation, assetTransfer } from '@medrex/execute-batch/testing';
import { InMemoryLedger } from '@medrex/ledger/in-memory';
import { systemClock } from './clock.ts';
import { ModelGateway } from './model-gateway.ts';

const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64');
const deposit = assetOperation({ do: 'deposit', account: 'ann', amount: 5 });
const request = { chaincode: 'medrex', fn: 'executeBatch', args: [base64(operationItem(encodeOperation(deposit)))] };

describe('ModelGateway', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  async function aGateway(): Promise<ModelGateway> {
    const chaincodes = [batchChaincode({ name: 'medrex', version: '1', contracts: [assetTransfer] })];
    const scheduler = {
      nowMs: () => systemClock.now(),
      after: (ms: number, run: () => void) => systemClock.after(ms, run),
    };
    const ledger = await InMemoryLedger.open({ chaincodes, scheduler, cutter: { batchTimeoutMs: 5 } });
    let ids = 0;
    const gateway = new ModelGateway({
      ledger,
      clock: systemClock,
      nextTxId: () => `client-${++ids}`,
      unseenAfterMs: 1_000,
    });
    open.push(ledger, gateway);
    return gateway;
  }

  it('carries a transaction to its block and returns its validation code', async () => {
    const gateway = await aGateway();
    const { status, body } = await gateway.transact(request);
    expect({ status, code: body.code, block: body.blockNum }).toEqual({ status: 200, code: 'VALID', block: 1 });
    expect(decodeResults(Buffer.from(String(body.payload), 'base64'))[0]?.status).toBe('applied');
  });

  it('makes clients conflict as on Fabric', async () => {
    const gateway = await aGateway();
    const other = assetOperation({ do: 'deposit', account: 'ann', amount: 1 }, { opId: '1'.repeat(32) });
    const rival = { ...request, args: [base64(operationItem(encodeOperation(other)))] };
    const answers = await Promise.all([gateway.transact(request), gateway.transact(rival)]);
    expect(answers.map(({ body }) => body.code).sort()).toEqual(['MVCC_READ_CONFLICT', 'VALID']);
  });

  it('reads committed state', async () => {
    const gateway = await aGateway();
    await gateway.transact(request);
    const { body } = await gateway.evaluate({ chaincode: 'medrex', fn: 'get', args: [base64(accountKey('ann'))] });
    expect(JSON.parse(Buffer.from(String(body.payload), 'base64').toString())).toMatchObject({ balance: 5 });
  });

  it('reports invalid requests and refusals of the chaincode', async () => {
    const gateway = await aGateway();
    expect(await gateway.transact({ chaincode: 'medrex', args: [] })).toMatchObject({
      status: 400,
      body: { error: 'BAD_REQUEST' },
    });
    expect(await gateway.transact({ ...request, args: [base64('nonsense')] })).toMatchObject({
      status: 422,
      body: { error: 'ENDORSEMENT_REFUSED' },
    });
    expect(await gateway.transact({ ...request, chaincode: 'none' })).toMatchObject({
      status: 503,
      body: { error: 'CHAINCODE_MISSING' },
    });
  });
});
