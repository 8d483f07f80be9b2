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

// Three lives of one folder. Before the second and the third some of what the services remember is taken away, so that logs are
// delivered again; before the last one the log itself.
describe('records that are delivered again', () => {
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

  it('were taken once each, with receipts of their acceptance and of their end', () => {
    expect(receiptsByMessage(first, 'settled').size).toBe(published);
    expect(receiptsByMessage(first, 'accepted').size).toBe(published);
    expect(talliesIn(first.state, load)).toEqual(talliesSent(load));
  });

  it('from all topics, with nothing remembered but the ledger, change nothing: same outcomes, same state', async () => {
    await forget('log', 'offsets');
    await forget('log', topics.progress);
    await forget('status');
    await stack.start();
    await topic.taken();
    const second = await judge(stack, run());
    expect(second.outcomes.length).toBeGreaterThanOrEqual(2 * first.operations.length);
    expect(comparableState(second.state)).toEqual(comparableState(first.state));
  }, 90_000);

  it('from the intake topic, unrecognised, and outcomes and progress twice and swapped, change nothing either', async () => {
    await forget('log', 'offsets');
    await forget('status');
    for (const again of [topics.outcomes, topics.progress]) await appendAgain(stack, again, new Chance(501));
    await stack.start();
    await topic.taken();
    const third = await judge(stack, run());
    expect(comparableState(third.state)).toEqual(comparableState(first.state));
    for (const receipts of receiptsByMessage(third, 'settled').values()) expect(new Set(receipts).size).toBe(1);
  }, 90_000);

  it('an operations topic that was made anew halts ingest before any 202, and orderer-dag; both say why', async () => {
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

/** Receipts of one state by message, each without its time. */
function receiptsByMessage({ receipts }: LeftBehind, state: Receipt['state']): ReadonlyMap<string, readonly string[]> {
  const byMessage = new Map<string, string[]>();
  for (const receipt of receipts) {
    if (receipt.state !== state || receipt.intake === undefined) continue;
    const name = `${receipt.source} ${receipt.id}`;
    byMessage.set(name, [...(byMessage.get(name) ?? []), JSON.stringify({ ...receipt, atMs: 0 })]);
  }
  return byMessage;
}
