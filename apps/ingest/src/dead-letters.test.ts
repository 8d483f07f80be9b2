import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { anObservation } from '@medrex/clinical/testing';
import { encodeDeadLetter, topics } from '@medrex/contracts';
import { eventually, type WholeOperation } from '@medrex/contracts/testing';
import { assetIntake } from './testing/asset-intake.ts';
import { Harness, type Json } from './testing/harness.ts';

const named = (id: string, more: Readonly<Record<string, string>> = {}) => ({
  'idempotency-key': id,
  'ce-source': 'urn:ehr:a',
  ...more,
});
const deposit = (account: string) => JSON.stringify({ do: 'deposit', account, amount: 1 });
const json = async (response: Response) => (await response.json()) as Json;
let ingest: Harness;

beforeEach(async () => {
  ingest = await Harness.start({ contracts: [assetIntake] });
});
afterEach(() => ingest.close());

/** Ends an operation as dead, like orderer-dag: appends its dead letter, then its outcome. */
async function kill(one: WholeOperation, code = 'EXPIRED'): Promise<void> {
  const { routing, operationBytes } = one;
  await ingest.log.append(topics.deadLetters, 0, [encodeDeadLetter({ routing, operationBytes }, code)]);
  await ingest.settle([one], () => ({ status: 'dead', code, message: 'it was too late' }));
  await ingest.settled(one.operation.opId);
}

async function aDeadOne(id = 'm-1', more: Readonly<Record<string, string>> = {}): Promise<WholeOperation> {
  await ingest.post('/v1/transactions', deposit('ann'), named(id, more));
  const one = (await ingest.operations()).at(-1) as WholeOperation;
  await kill(one);
  return one;
}

const resend = (opId: string) => ingest.post(`/v1/dead-letters/${opId}/resend`, '');

describe('dead letters', () => {
  it('are listed newest first and shown with their reason, never with their body', async () => {
    const first = await aDeadOne('m-1');
    const second = await aDeadOne('m-2', { 'ce-medrexclass': 'cpoe' });
    const { body } = await ingest.get('/v1/dead-letters');
    const letters = body['deadLetters'] as readonly Json[];
    expect(letters.map(({ transactionId }) => transactionId)).toEqual([second.operation.opId, first.operation.opId]);
    const shown = await ingest.get(`/v1/dead-letters/${second.operation.opId}`);
    expect(shown).toMatchObject({ status: 200, body: letters[0] });
    expect(shown.body).toEqual({
      id: second.operation.opId,
      kind: 'operation',
      transactionId: second.operation.opId,
      code: 'EXPIRED',
      message: 'it was too late',
      class: 'cpoe',
      bytes: second.operationBytes.length,
      keys: second.operation.keys.length,
      settledAt: expect.stringMatching(/Z$/),
      resendUrl: `/v1/dead-letters/${second.operation.opId}/resend`,
    });
    expect((await ingest.get('/v1/dead-letters?limit=1')).body['deadLetters']).toEqual(letters.slice(0, 1));
    const older = (opId: string) => ingest.get(`/v1/dead-letters?limit=1&olderThan=${opId}`);
    expect((await older(second.operation.opId)).body['deadLetters']).toEqual(letters.slice(1));
    expect((await older(first.operation.opId)).body['deadLetters']).toEqual([]);
    expect(await older('0'.repeat(32))).toMatchObject({ status: 404 });
    expect(await ingest.metric('medrex_ingest_dead_letters')).toBe(2);
  });

  it.each(['0', '-1', 'all', '1001', '1.5', ''])('are not listed with a limit of %j', async (limit) => {
    expect(await ingest.get(`/v1/dead-letters?limit=${limit}`)).toMatchObject({
      status: 400,
      body: { code: 'REQUEST_INVALID' },
    });
  });

  it('that are unknown are answered 404', async () => {
    const id = '0'.repeat(32);
    expect(await ingest.get(`/v1/dead-letters/${id}`)).toMatchObject({ status: 404 });
    const response = await resend(id);
    expect([response.status, await json(response)]).toMatchObject([404, { code: 'DEAD_LETTER_UNKNOWN' }]);
  });

  it('written twice are listed once', async () => {
    const one = await aDeadOne();
    await kill(one);
    expect((await ingest.get('/v1/dead-letters')).body['deadLetters']).toHaveLength(1);
  });

  it('are listed again after a restart', async () => {
    const one = await aDeadOne();
    ingest = await ingest.restart({ contracts: [assetIntake] });
    expect((await ingest.get('/v1/dead-letters')).body['deadLetters']).toMatchObject([
      { transactionId: one.operation.opId },
    ]);
    expect((await resend(one.operation.opId)).status).toBe(202);
  });
});

describe('a resend', () => {
  it('appends the same operation at the end of the log under a new id, without its deadline', async () => {
    const deadline = new Date(Date.now() + 60_000).toISOString();
    const dead = await aDeadOne('m-1', { 'ce-medrexclass': 'cpoe', 'ce-medrexdeadline': deadline });
    await ingest.post('/v1/transactions', deposit('ben'), named('m-2'));
    const response = await resend(dead.operation.opId);
    const receipt = await json(response);
    const again = (await ingest.operations()).at(-1);
    expect(response.status).toBe(202);
    expect(receipt).toMatchObject({
      transactionId: again?.operation.opId,
      seq: again?.seq,
      source: 'urn:ehr:a',
      id: 'm-1',
      resendOf: dead.operation.opId,
      attempt: 1,
    });
    expect(response.headers.get('location')).toBe(`/v1/transactions/${String(receipt['transactionId'])}`);
    expect(again?.operation).toEqual({ ...dead.operation, opId: receipt['transactionId'] });
    expect(again?.operation.opId).not.toBe(dead.operation.opId);
    const { deadlineMs, ...rest } = dead.routing;
    expect(deadlineMs).toBeGreaterThan(0);
    expect({ ...again?.routing, sealedName: '', acceptedAtMs: 0 }).toEqual({
      ...rest,
      sealedName: '',
      acceptedAtMs: 0,
    });
  });

  it('of one letter makes one operation, however often it is asked for', async () => {
    const { operation } = await aDeadOne();
    const answers = await Promise.all(Array.from({ length: 8 }, () => resend(operation.opId)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(7).fill(200), 202]);
    const texts = await Promise.all(answers.map((one) => one.text()));
    expect(new Set(texts).size).toBe(1);
    ingest = await ingest.restart({ contracts: [assetIntake] });
    const late = await resend(operation.opId);
    expect([late.status, late.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
    expect(await late.text()).toBe(texts[0]);
    expect(await ingest.operations()).toHaveLength(2);
  });

  it('has a receipt that names the operation it resends', async () => {
    const dead = await aDeadOne();
    const { transactionId } = await json(await resend(dead.operation.opId));
    await ingest.settle((await ingest.operations()).slice(-1));
    await ingest.settled(String(transactionId));
    const receipt = await eventually(async () => (await ingest.receipts()).find(({ code }) => code === 'OK'));
    expect(receipt).toMatchObject({
      source: 'urn:ehr:a',
      id: 'm-1',
      state: 'settled',
      items: [{ item: 0, state: 'applied', opId: transactionId, resendOf: dead.operation.opId }],
    });
  });

  it('that also ends dead can be resent as the next attempt', async () => {
    const dead = await aDeadOne();
    const first = await json(await resend(dead.operation.opId));
    await kill((await ingest.operations()).at(-1) as WholeOperation, 'POISON');
    const second = await json(await resend(String(first['transactionId'])));
    expect(second).toMatchObject({ resendOf: first['transactionId'], attempt: 2 });
    expect(await json(await resend(dead.operation.opId))).toEqual(first);
    const found = await ingest.get('/v1/transactions?source=urn:ehr:a&id=m-1');
    const states = (found.body['transactions'] as readonly Json[]).map(({ state }) => state);
    expect(states).toEqual(['dead', 'dead', 'pending']);
  });

  it('of an item of a message resends that item alone', async () => {
    const actions = ['a1', 'a2', 'a3'].map((asset) => ({ do: 'label', asset, label: 'x' }));
    await ingest.post('/v1/transactions', JSON.stringify({ actions }), named('m-1'));
    const second = (await ingest.operations())[1] as WholeOperation;
    await kill(second);
    await resend(second.operation.opId);
    const again = (await ingest.operations()).at(-1);
    expect([again?.routing.item, again?.operation.facts['asset']]).toEqual([1, 'a2']);
    expect((await resend(second.operation.opId)).status).toBe(200);
  });

  it('of a message without an id is also recognised as a resend', async () => {
    await ingest.post('/v1/transactions', deposit('ann'));
    const one = (await ingest.operations())[0] as WholeOperation;
    await kill(one);
    const statuses = [await resend(one.operation.opId), await resend(one.operation.opId)].map(({ status }) => status);
    expect(statuses).toEqual([202, 200]);
    expect(await ingest.operations()).toHaveLength(2);
  });

  it('of an operation that is not dead is answered 409 and changes nothing', async () => {
    await ingest.post('/v1/transactions', deposit('ann'), named('m-1'));
    const [one] = (await ingest.operations()) as [WholeOperation];
    const { opId } = one.operation;
    expect(await json(await resend(opId))).toMatchObject({ status: 409, code: 'NOT_DEAD', state: 'pending' });
    await ingest.settle([one], () => ({ status: 'rejected', code: 'NO_SUCH_ACCOUNT' }));
    await ingest.settled(opId);
    expect(await json(await resend(opId))).toMatchObject({ status: 409, code: 'NOT_DEAD', state: 'rejected' });
    expect(await ingest.operations()).toHaveLength(1);
  });

  it('is refused when a patient of the operation is being erased or was erased', async () => {
    await ingest.close();
    ingest = await Harness.start({ env: { INGEST_OFFLOAD_THREADS: '0' } });
    const mrn = { system: 'urn:hospital:mrn', value: 'mrn-1' };
    await ingest.post(
      '/v1/transactions',
      JSON.stringify(anObservation({ subject: { identifier: mrn } })),
      named('m-1'),
    );
    const [one] = (await ingest.operations()) as [WholeOperation];
    await kill(one);
    const pseudonyms = (await ingest.vault.startErasure(mrn)) ?? [];
    const refused = await resend(one.operation.opId);
    expect([refused.status, (await json(refused))['code']]).toEqual([409, 'PATIENT_ERASING']);
    await ingest.vault.finishErasure(pseudonyms);
    const gone = await resend(one.operation.opId);
    expect([gone.status, (await json(gone))['code']]).toEqual([410, 'PATIENT_ERASED']);
    expect(await ingest.operations()).toHaveLength(1);
  });

  it('is subject to admission control like any message', async () => {
    const dead = await aDeadOne();
    const { log, statuses, vault } = ingest;
    await ingest.close();
    ingest = await Harness.start({ contracts: [assetIntake], log, statuses, vault, env: { INGEST_LIVE_MAX: '1' } });
    await ingest.post('/v1/transactions', deposit('ben'), named('m-2'));
    const response = await resend(dead.operation.opId);
    expect([response.status, (await json(response))['code']]).toEqual([429, 'SHED']);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
