import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { intakeHeaders, topics, type NewRecord } from '@medrex/contracts';
import { eventually } from '@medrex/contracts/testing';
import { decodeOperationHeader, messageDigest, type SignedBy } from '@medrex/execute-batch';
import { statusSchema } from './http/schemas.ts';
import type { IncomingMessage } from './message/incoming-message.ts';
import { assetIntake } from './testing/asset-intake.ts';
import { Harness, type Json } from './testing/harness.ts';
import { letterTranslator } from './translation/letter-translator.ts';

const body = Buffer.from('{"do":"label", "asset":"a", "label":"x"}'); // the space is part of the signed bytes
const base64url = (bytes: number, fill = 7) => Buffer.alloc(bytes, fill).toString('base64url');
const author = { id: 'dr-1', salt: base64url(16, 9), signature: base64url(64) };
const name = { source: 'urn:ehr:a', id: 'm-1', time: new Date().toISOString() };
const named = { 'ce-source': name.source, 'ce-id': name.id, 'ce-time': name.time };
const signed = {
  ...named,
  'ce-medrexauthor': author.id,
  'ce-medrexsalt': author.salt,
  'ce-medrexsignature': author.signature,
};
const structured = new Map([['content-type', Buffer.from('application/cloudevents+json')]]);
const event = {
  specversion: '1.0',
  type: 't',
  datacontenttype: 'application/json',
  ...name,
  medrexauthor: author.id,
  medrexsalt: author.salt,
  medrexsignature: author.signature,
};
const expected: SignedBy = {
  id: author.id,
  message: messageDigest({ ...name, salt: author.salt, body }),
  signature: author.signature,
};

let ingest: Harness;
beforeEach(async () => {
  ingest = await Harness.start({ contracts: [assetIntake] });
});
afterEach(() => ingest.close());

const authors = async () => (await ingest.operations()).map(({ operation }) => operation.author);
const fromTopic = async (record: NewRecord) => {
  await ingest.log.append(topics.intake, 0, [record]);
  return eventually(async () => (await ingest.receipts())[0]);
};

describe('a signed message', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['HTTP', () => ingest.post('/v1/transactions', body, signed)],
    ['a line of a batch', () => ingest.post('/v1/batches', `{"source":"${name.source}","id":"m-1","time":"${name.time}","author":${JSON.stringify(author)},"body":${body.toString()}}`, { 'content-type': 'application/x-ndjson' })], // prettier-ignore
    ['a topic, binary', () => fromTopic({ value: body, headers: intakeHeaders({ ...name, author, contentType: 'application/json' }) })], // prettier-ignore
    ['a topic, structured', () => fromTopic({ value: Buffer.from(JSON.stringify({ ...event, data_base64: body.toString('base64') })), headers: structured })], // prettier-ignore
  ])('has the same digest of its bytes on the ledger when sent as %s', async (_way, send) => {
    await send();
    expect(await authors()).toEqual([expected]);
    const [one] = await ingest.operations();
    expect(one?.operation.time).toBe(name.time);
    expect(Buffer.from(one!.operationBytes).toString('latin1')).not.toContain(author.salt);
  });

  it('gives each of its operations the signature, and its status the author', async () => {
    const actions = { actions: [1, 2].map((number) => ({ do: 'deposit', account: `a${number}`, amount: 1 })) };
    await ingest.post('/v1/transactions', JSON.stringify(actions), signed);
    const [first, second] = await authors();
    expect(second).toEqual(first);
    const operations = await ingest.operations();
    await ingest.settle(operations, () => ({ status: 'applied', code: 'OK', author: author.id }));
    const status = statusSchema.parse(await ingest.settled(operations[0]!.operation.opId));
    expect(status).toMatchObject({ state: 'applied', author: 'signed by dr-1' });
    expect(await ingest.metric('medrex_ingest_author_verdicts_total{verdict="signed"}')).toBe(2);
    const items = (await ingest.receipts()).flatMap((receipt) => receipt.items);
    expect(items.map((item) => item.author)).toEqual([author.id, author.id]);
  });

  it('refused by the ledger has a remedy in its status, and is counted by reason', async () => {
    await ingest.post('/v1/transactions', body, signed);
    const operations = await ingest.operations();
    await ingest.settle(operations, () => ({ status: 'rejected', code: 'AUTHOR_REVOKED', message: 'revoked' }));
    const status = statusSchema.parse(await ingest.settled(operations[0]!.operation.opId));
    expect(status).toMatchObject({ code: 'AUTHOR_REVOKED', author: 'attested by ingest' });
    expect(status.remedy).toMatch(/not revoked/);
    expect(await ingest.metric('medrex_ingest_author_verdicts_total{verdict="AUTHOR_REVOKED"}')).toBe(1);
  });
});

describe('a resent dead operation', () => {
  it('has the signature of the first attempt', async () => {
    await ingest.post('/v1/transactions', body, signed);
    const [one] = await ingest.operations();
    const resend = { attempt: 1, of: one!.operation.opId, item: 0 };
    const letter = { bytes: one!.operationBytes, opId: 'f'.repeat(32), resend, attributes: { class: 'financial' } };
    const translated = await letterTranslator.translate(letter as IncomingMessage, name.time);
    const [draft] = 'items' in translated ? translated.items : [];
    expect(draft?.kind === 'draft' && decodeOperationHeader(draft.operationBytes)).toMatchObject({
      opId: 'f'.repeat(32),
      author: expected,
    });
  });
});

describe('on arrival', () => {
  const without = (missing: string) => Object.fromEntries(Object.entries(signed).filter(([one]) => one !== missing));

  it.each([
    ['no author', without('ce-medrexauthor')],
    ['no salt', without('ce-medrexsalt')],
    ['no signature', without('ce-medrexsignature')],
    ['no source of its own', without('ce-source')],
    ['no id of its own', without('ce-id')],
    ['no time of its own', without('ce-time')],
    ['an author that looks like a name', { ...signed, 'ce-medrexauthor': 'Jane Doe' }],
    ['a salt that is too short', { ...signed, 'ce-medrexsalt': base64url(8) }],
    ['a signature in another alphabet', { ...signed, 'ce-medrexsignature': '+/'.repeat(43) }],
  ])('a signature with %s is refused and never quoted', async (_what, headers) => {
    const response = await ingest.post('/v1/transactions', body, headers);
    const answer = (await response.json()) as Json;
    expect([response.status, answer['code']]).toEqual([400, 'ENVELOPE_INVALID']);
    expect(answer['detail']).toContain('author');
    expect(JSON.stringify(answer)).not.toMatch(/Jane|dr-1/);
    expect(await ingest.operations()).toEqual([]);
  });

  it('a signature for a whole batch or for a call is refused', async () => {
    const batch = await ingest.post('/v1/batches', body, { ...signed, 'content-type': 'application/x-ndjson' });
    expect([batch.status, ((await batch.json()) as Json)['detail']]).toEqual([
      400,
      expect.stringMatching(/one message/),
    ]);
    const call = JSON.stringify({ chaincode: 'basic', function: 'f', args: [], ...name });
    const called = await ingest.post('/v1/transactions', call, { ...signed, 'ce-medrexcontract': 'per-transaction' });
    expect(called.status).toBe(400);
    expect(await ingest.operations()).toEqual([]);
  });

  it('a signed event whose data would have to be re-encoded is refused, with a receipt', async () => {
    const data: unknown = JSON.parse(body.toString());
    const receipt = await fromTopic({ value: Buffer.from(JSON.stringify({ ...event, data })), headers: structured });
    expect(receipt).toMatchObject({ state: 'refused', code: 'ENVELOPE_INVALID' });
    expect(receipt.issues[0]?.diagnostics).toContain('data_base64');
    const half = { ...event, medrexsalt: undefined, data_base64: body.toString('base64') };
    await ingest.log.append(topics.intake, 0, [{ value: Buffer.from(JSON.stringify(half)), headers: structured }]);
    const second = await eventually(async () => (await ingest.receipts())[1]);
    expect(second.issues[0]?.diagnostics).toContain('medrexsalt');
  });
});
