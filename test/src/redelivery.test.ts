import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics, type Receipt } from '@medrex/contracts';
import { assetTransfer, comparableState } from '@medrex/execute-batch/testing';
import { judge } from './harness/aftermath.ts';
import { AssetLoad, assetMessage, talliesIn, talliesSent } from './harness/asset-load.ts';
import { eventRecord, IntakeTopic } from './harness/intake-topic.ts';
import type { LeftBehind } from './harness/left-behind.ts';
import { Chance } from './harness/seed.ts';
import { assetContracts, Stack } from './harness/stack.ts';
import { appendAgain } from './harness/topic-writer.ts';

// Four runs over one folder. Before the second and third, parts of the services' memory are deleted, so that logs are redelivered;
// before the last one, the operations log itself.
describe('redelivered records', () => {
  let stack: Stack;
  let topic: IntakeTopic;
  let load: AssetLoad;
  let first: LeftBehind;
  const published = 150;
  const run = () => ({ senders: load.senders, contracts: [assetTransfer] });
  const forget = (...parts: readonly string[]) => rm(join(stack.folder, ...parts), { recursive: true });

  beforeAll(async () => {
    stack = await new Stack(assetContracts).start();
    topic = new IntakeTopic(stack);
    const chance = new Chance(500);
    load = new AssetLoad(stack, { chance });
    for (let number = 0; number < published; number++) {
      const id = number % 15 === 0 ? undefined : `e${number}`;
      await topic.publish([eventRecord('urn:ehr', id, assetMessage(chance, 'urn:ehr', number).body)]);
    }
    await load.more(100);
    await load.finish();
    await topic.taken();
    first = await judge(stack, run());
  }, 90_000);
  afterAll(async () => {
    await topic.close();
    await stack.remove();
  });

  it('were accepted once each at first, with receipts of acceptance and outcome', () => {
    expect(receiptsByMessage(first, 'settled').size).toBe(published);
    expect(receiptsByMessage(first, 'accepted').size).toBe(published);
    expect(talliesIn(first.state, load)).toEqual(talliesSent(load));
  });

  it('from all topics, with only the ledger kept, change neither outcomes nor state', async () => {
    await forget('log', 'offsets');
    await forget('log', topics.progress);
    await forget('status');
    await stack.start();
    await topic.taken();
    const second = await judge(stack, run());
    expect(second.outcomes.length).toBeGreaterThanOrEqual(2 * first.operations.length);
    expect(comparableState(second.state)).toEqual(comparableState(first.state));
  }, 90_000);

  it('from the intake topic, unrecognised, with outcomes and progress repeated out of order, change nothing', async () => {
    await forget('log', 'offsets');
    await forget('status');
    for (const again of [topics.outcomes, topics.progress]) await appendAgain(stack, again, new Chance(501));
    await stack.start();
    await topic.taken();
    const third = await judge(stack, run());
    expect(comparableState(third.state)).toEqual(comparableState(first.state));
    for (const receipts of receiptsByMessage(third, 'settled').values()) expect(new Set(receipts).size).toBe(1);
  }, 90_000);

  it('a recreated operations topic halts ingest before any 202, and orderer-dag, both with the reason', async () => {
    await forget('log', topics.operations);
    await stack.start(['ingest']);
    for (const id of ['first', 'second']) {
      const answer = await stack.client.post(
        '/v1/transactions',
        { do: 'look', asset: 'a1' },
        { 'idempotency-key': id },
      );
      expect(answer).toMatchObject({ status: 503, body: { code: 'LOG_MADE_ANEW' } });
    }
    expect(await stack.client.get('/readyz')).toMatchObject({ status: 503, body: { isReady: false } });
    await expect(stack.start(['orderer-dag'])).rejects.toThrow(/OPERATIONS_LOG_BEHIND/);
  }, 60_000);
});

/** Receipts of one state by message, without their times. */
function receiptsByMessage({ receipts }: LeftBehind, state: Receipt['state']): ReadonlyMap<string, readonly string[]> {
  const byMessage = new Map<string, string[]>();
  for (const receipt of receipts) {
    if (receipt.state !== state || receipt.intake === undefined) continue;
    const name = `${receipt.source} ${receipt.id}`;
    byMessage.set(name, [...(byMessage.get(name) ?? []), JSON.stringify({ ...receipt, atMs: 0 })]);
  }
  return byMessage;
}
