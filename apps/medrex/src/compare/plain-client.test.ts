import { describe, expect, it } from '@jest/globals';
import { batchChaincode, encodeOperation, operationItem } from '@medrex/execute-batch';
import { anOperation, assetTransfer } from '@medrex/execute-batch/testing';
import { systemScheduler } from '@medrex/embedded';
import { InMemoryLedger } from '@medrex/ledger/in-memory';
import { stateKey } from '@medrex/keys';
import type { Contract } from '@medrex/execute-batch';
import { seededRandom } from '../load/random.ts';
import { fabricTransactionsIn, ordererAddress } from './fabric-metrics.ts';
import { PlainClient } from './plain-client.ts';
import { comparisonTable } from './report.ts';
import { goodput, validPercent } from './side-result.ts';

const counter = stateKey('clinical', 'counter', 'one');

/** Reads and writes one key, so that all its operations conflict. */
const counting: Contract = {
  name: 'counting',
  templateVersions: [1],
  apply: async (_operation, state) => {
    const value = Number(Buffer.from((await state.get(counter)) ?? '0').toString()) + 1;
    state.put(counter, Buffer.from(String(value)));
    return undefined;
  },
};

async function aLedger() {
  const chaincodes = [batchChaincode({ name: 'medrex', version: '1', contracts: [counting, assetTransfer] })];
  return InMemoryLedger.open({ chaincodes, scheduler: systemScheduler, cutter: { batchTimeoutMs: 5 } });
}

const operations = (count: number) =>
  Array.from({ length: count }, (_, place) => ({
    atMs: 0,
    item: operationItem(
      encodeOperation(
        anOperation({
          opId: place.toString(16).padStart(32, '0'),
          contract: 'counting',
          keys: [{ key: counter, mode: 'readWrite' }],
        }),
      ),
    ),
  }));

const client = async (retries: number) => {
  const ledger = await aLedger();
  const options = {
    name: 'c',
    ledger,
    blocks: ledger,
    chaincode: 'medrex',
    retries,
    concurrency: 50,
    random: seededRandom(1),
  };
  const result = await new PlainClient(options).run(operations(50), 1);
  const stored = Buffer.from(
    (
      await ledger.evaluate({
        channel: ledger.channel,
        chaincode: 'medrex',
        fn: 'get',
        args: [Buffer.from(counter)],
        txId: 'q',
        creator: 'X',
      })
    ).payload,
  );
  await ledger.close();
  return { result, stored: Number(stored.toString()) };
};

describe('the plain client', () => {
  it('loses operations that Fabric invalidates, and counts them as conflicts', async () => {
    const { result, stored } = await client(0);
    expect(result.applied + result.lostToConflict).toBe(50);
    expect(result.lostToConflict).toBeGreaterThan(20);
    expect(result.fabric).toMatchObject({
      submitted: 50,
      valid: result.applied,
      mvccReadConflict: result.lostToConflict,
    });
    expect(stored).toBe(result.applied);
  });

  it('applies more with retries, at the price of more Fabric transactions', async () => {
    const { result, stored } = await client(200);
    expect(result).toMatchObject({ applied: 50, lostToConflict: 0, failed: 0 });
    expect(result.fabric.submitted).toBe(50 + result.retries);
    expect(result.retries).toBeGreaterThan(20);
    expect(stored).toBe(50);
  });

  it('accounts for all sent operations when it is stopped', async () => {
    const ledger = await aLedger();
    const stop = new AbortController();
    const plain = new PlainClient({
      name: 'c',
      ledger,
      blocks: ledger,
      chaincode: 'medrex',
      retries: 50,
      concurrency: 5,
      random: seededRandom(1),
      signal: stop.signal,
    });
    const timed = operations(1000).map((operation, place) => ({ ...operation, atMs: place * 5 }));
    setTimeout(() => stop.abort(), 300);
    const { offered, applied, rejected, lostToConflict, failed, fabric, offeredPerSecond } = await plain.run(timed, 5);
    await ledger.close();
    expect(offered).toBeLessThan(1000);
    expect(applied + rejected + lostToConflict + failed).toBe(offered);
    expect(fabric.submitted).toBeGreaterThanOrEqual(offered);
    expect(offeredPerSecond).toBeGreaterThan(offered / 5);
  });

  it('fills the table with separate figures for operations and Fabric transactions', async () => {
    const { result } = await client(0);
    const text = comparisonTable({ workload: { profile: 'x' }, ledger: 'model of Fabric (embedded)', sides: [result] });
    expect(text).toContain('model of Fabric');
    expect(text).toMatch(/lost to conflicts\s+│\s+\d+/);
    expect(goodput(result)).toBeGreaterThan(0);
    expect(validPercent(result)).toBeCloseTo((100 * result.applied) / 50);
  });
});

describe('numbers of Fabric transactions', () => {
  it.each(['', '/', '/metrics', '/metrics/'])('are read from the address printed by start, with suffix "%s"', (end) => {
    expect(ordererAddress(`http://127.0.0.1:9470${end}`)).toBe('http://127.0.0.1:9470');
  });

  it('are read from the metrics of the block constructor, by code', () => {
    const text = [
      'medrex_orderer_fabric_transactions_total{code="VALID"} 7',
      'medrex_orderer_fabric_transactions_total{code="MVCC_READ_CONFLICT"} 2',
      'medrex_orderer_fabric_transactions_total{code="DUPLICATE_TXID"} 1',
      'other 5',
    ].join('\n');
    expect(fabricTransactionsIn(text)).toEqual({
      submitted: 10,
      valid: 7,
      mvccReadConflict: 2,
      phantomReadConflict: 0,
      otherInvalid: 1,
    });
  });
});
