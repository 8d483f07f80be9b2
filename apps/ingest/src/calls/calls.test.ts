import { afterEach, describe, expect, it } from '@jest/globals';
import { perTransactionContract, readCallFacts, type SequencedOperation } from '@medrex/contracts';
import { CallKey } from '@medrex/privacy';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { receiptSchema, statusSchema } from '../http/schemas.ts';
import { assetIntake } from '../testing/asset-intake.ts';
import { Harness, type HarnessOptions, type Json } from '../testing/harness.ts';

const key = new CallKey(Buffer.alloc(32, 7), 'ehr');
const path = '/v1/channels/ehr/transactions';
const call = { chaincode: 'basic', function: 'transferAsset', args: ['asset1', 'Jane Doe'] };

describe('POST /v1/channels/{channel}/transactions', () => {
  let ingest: Harness;
  const start = async (options: HarnessOptions = {}) => {
    ingest = await Harness.start({ contracts: [assetIntake], ...options });
  };
  afterEach(() => ingest.close());

  const post = async (body: unknown, headers: Readonly<Record<string, string>> = {}, to = path) => {
    const response = await ingest.post(to, JSON.stringify(body), headers);
    return { status: response.status, headers: response.headers, body: (await response.json()) as Json };
  };

  it('appends a call with chaincode and function in plain text and sealed arguments', async () => {
    await start();
    const { status, headers, body } = await post({ ...call, id: 'c-1', source: 'urn:app' });
    expect(status).toBe(202);
    expect(body).toMatchObject({ source: 'urn:app', id: 'c-1', isIdDerived: false, mode: 'per-transaction' });
    expect(receiptSchema.parse(body)).toEqual(body);
    expect(headers.get('location')).toBe(`/v1/transactions/${String(body['transactionId'])}`);
    const [one] = await ingest.operations();
    const { operation, routing } = one!;
    expect(operation.contract).toBe(perTransactionContract);
    expect(routing.class).toBe('clinical');
    expect(readCallFacts(operation.facts)).toEqual({
      chaincode: 'basic',
      function: 'transferAsset',
      isDeclared: false,
    });
    expect(JSON.stringify(operation)).not.toMatch(/Jane|asset1/);
    expect(Buffer.from(one!.operationBytes).toString('latin1')).not.toMatch(/Jane|asset1/);
    const name = { sourceHash: operation.sourceHash, chaincode: 'basic', function: 'transferAsset' };
    expect(key.openArguments(name, operation.bodies[0]!)).toEqual(call.args);
  });

  it('queues it on hashes of the keys that the sender names', async () => {
    await start();
    await post({
      ...call,
      keys: [
        { key: 'asset1', mode: 'readWrite' },
        { key: ['owner', 'Jane'], mode: 'write' },
      ],
    });
    const [{ operation } = never()] = await ingest.operations();
    expect(operation.keys).toEqual([
      { key: key.queueKey('basic', 'asset1'), mode: 'readWrite' },
      { key: key.queueKey('basic', '\u0000owner\u0000Jane\u0000'), mode: 'write' },
    ]);
    expect(readCallFacts(operation.facts)?.isDeclared).toBe(true);
  });

  it('queues it on keys of further chaincodes, and on Medrex keys unhashed', async () => {
    await start();
    const { status } = await post({
      ...call,
      keys: [
        { key: 'asset1', mode: 'readWrite', chaincode: 'prices' },
        { key: 'cli~bed~12', mode: 'write', chaincode: 'medrex' },
      ],
    });
    expect(status).toBe(202);
    const [{ operation } = never()] = await ingest.operations();
    expect(operation.keys).toEqual([
      { key: key.queueKey('prices', 'asset1'), mode: 'readWrite' },
      { key: 'cli~bed~12', mode: 'write' },
      { key: key.wholeStateKey('prices'), mode: 'read' },
    ]);
  });

  it('takes the keys from the template of the function when the sender names none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'medrex-templates-'));
    const file = join(folder, 'templates.json');
    writeFileSync(file, JSON.stringify({ basic: { transferAsset: [{ key: '{0}', mode: 'readWrite' }] } }));
    await start({ env: { MEDREX_CALL_TEMPLATES: file } });
    await post(call);
    const [{ operation } = never()] = await ingest.operations();
    expect(operation.keys).toEqual([{ key: key.queueKey('basic', 'asset1'), mode: 'readWrite' }]);
    const short = await post({ ...call, args: [] });
    expect(short).toMatchObject({ status: 422, body: { code: 'CALL_INVALID' } });
    rmSync(folder, { recursive: true });
  });

  it('recognises a repeat by its name, and refuses another body under that name', async () => {
    await start();
    const first = await post({ ...call, id: 'c-1' });
    const again = await post({ ...call, id: 'c-1' });
    expect(again).toMatchObject({ status: 200, body: { transactionId: first.body['transactionId'] } });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const other = await post({ ...call, args: ['asset2'], id: 'c-1' });
    expect(other).toMatchObject({ status: 409, body: { code: 'ID_REUSED' } });
    const byHeader = await post(call, { 'idempotency-key': 'c-2' });
    expect(byHeader.body).toMatchObject({ id: 'c-2', source: 'urn:medrex:http' });
    expect(await post({ ...call, id: 'c-3' }, { 'idempotency-key': 'c-2' })).toMatchObject({ status: 400 });
    expect(await ingest.operations()).toHaveLength(2);
  });

  it('reads class and deadline from the body', async () => {
    await start();
    await post({ ...call, class: 'cpoe', deadline: 1_900_000_000_000 });
    const [{ routing } = never()] = await ingest.operations();
    expect(routing).toMatchObject({ class: 'cpoe', deadlineMs: 1_900_000_000_000 });
    expect(await post({ ...call, class: 'soon' })).toMatchObject({ status: 400, body: { code: 'ENVELOPE_INVALID' } });
  });

  it.each([
    ['no chaincode', { function: 'f' }, 422, 'CALL_INVALID'],
    ['an invalid chaincode name', { ...call, chaincode: '../x' }, 422, 'CALL_INVALID'],
    ['an argument that is not a string', { ...call, args: [7] }, 422, 'CALL_INVALID'],
    ['an unknown key mode', { ...call, keys: [{ key: 'a', mode: 'delta' }] }, 422, 'CALL_INVALID'],
    ['the Medrex chaincode', { ...call, chaincode: 'medrex' }, 422, 'CALL_INVALID'],
    [
      'a key with an invalid chaincode name',
      { ...call, keys: [{ key: 'a', mode: 'read', chaincode: '../x' }] },
      422,
      'CALL_INVALID',
    ],
    ['a list', [call], 422, 'CALL_INVALID'],
  ])('refuses %s, naming the place', async (_, body, status, code) => {
    await start();
    const answer = await post(body);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(JSON.stringify(answer.body)).not.toMatch(/Jane|asset1/);
    expect(await ingest.operations()).toEqual([]);
  });

  it('serves its own channel only, and none without a call key', async () => {
    await start();
    expect(await post(call, {}, '/v1/channels/other/transactions')).toMatchObject({ status: 404 });
    ingest = await ingest.restart({ contracts: [assetIntake], callSecret: null });
    expect(await post(call)).toMatchObject({ status: 501, body: { code: 'CALLS_OFF' } });
  });

  it('accepts POST only, and does not change how messages for contracts are handled', async () => {
    await start();
    expect((await fetch(ingest.url + path)).status).toBe(405);
    const action = await ingest.post('/v1/transactions', '{"do":"label","asset":"a","label":"x"}');
    expect(action.status).toBe(202);
    expect(await action.json()).not.toHaveProperty('mode');
  });

  const answered = (operation: SequencedOperation, answer: Parameters<CallKey['sealAnswer']>[1]) => ({
    detail: { sealed: key.sealAnswer(operation.operation.opId, answer) },
  });

  it('shows the outcome with the unsealed answer of the contract', async () => {
    await start();
    const { body } = await post({ ...call, id: 'c-1' });
    const opId = String(body['transactionId']);
    const { body: pending } = await ingest.get(`/v1/transactions/${opId}`);
    expect(pending).toMatchObject({ state: 'pending', mode: 'per-transaction' });
    await ingest.settle(await ingest.operations(), (one) => answered(one, { payload: '{"owner":"Jane Doe"}' }));
    const settled = await ingest.settled(opId);
    expect(settled).toMatchObject({
      state: 'applied',
      mode: 'per-transaction',
      detail: { payload: '{"owner":"Jane Doe"}' },
    });
    expect(statusSchema.parse(settled)).toEqual(settled);
    const [stored] = await ingest.statuses.get([opId]);
    expect(JSON.stringify(stored)).not.toMatch(/Jane/);
  });

  it('shows the message with which the contract refused', async () => {
    await start();
    const { body } = await post(call);
    await ingest.settle(await ingest.operations(), (one) => ({
      status: 'rejected',
      code: 'CALL_REFUSED',
      message: 'the contract refused the call',
      ...answered(one, { message: 'asset asset1 is not there' }),
    }));
    const settled = await ingest.settled(String(body['transactionId']));
    expect(settled).toMatchObject({ state: 'rejected', code: 'CALL_REFUSED', message: 'asset asset1 is not there' });
    expect(settled).not.toHaveProperty('detail');
  });

  it('waits for the outcome under Prefer: wait', async () => {
    await start();
    const stop = await ingest.settleAll((one) => answered(one, { payload: 'done' }));
    const { status, body } = await post(call, { prefer: 'wait=20' });
    await stop();
    expect(status).toBe(200);
    expect(body).toMatchObject({ state: 'applied', mode: 'per-transaction', detail: { payload: 'done' } });
  });

  it('knows after a restart that a pending operation is a call', async () => {
    await start();
    const { body } = await post({ ...call, id: 'c-1' });
    ingest = await ingest.restart({ contracts: [assetIntake] });
    const { body: pending } = await ingest.get(`/v1/transactions/${String(body['transactionId'])}`);
    expect(pending).toMatchObject({ state: 'pending', mode: 'per-transaction' });
  });

  it('writes neither arguments nor answers into logs, metrics or dead letters', async () => {
    await start({ env: { MEDREX_TRACE_RATIO: '1' } });
    await post(call);
    await ingest.settle(await ingest.operations(), (one) => ({
      status: 'dead',
      code: 'POISON',
      ...answered(one, { message: 'Jane Doe' }),
    }));
    const metrics = await (await fetch(`${ingest.url}/metrics`)).text();
    const { body: letters } = await ingest.get('/v1/dead-letters');
    expect(JSON.stringify([ingest.lines, metrics, letters])).not.toMatch(/Jane|asset1/);
  });
});

function never(): never {
  throw new Error('nothing was appended');
}
