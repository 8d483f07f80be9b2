import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aPatient } from '@medrex/clinical/testing';
import { medrex, medrexJson } from './harness/command-line.ts';
import { eventually } from './harness/eventually.ts';
import { readLeftBehind } from './harness/left-behind.ts';
import { Stack } from './harness/stack.ts';

interface Signed {
  readonly source: string;
  readonly id: string;
  readonly time: string;
  readonly author: { readonly id: string; readonly salt: string; readonly signature: string };
}

const patientOf = (number: string) => aPatient({ identifier: [{ system: 'urn:hospital:mrn', value: number }] });

describe('authors, over real processes, HTTP and the command line', () => {
  const files = mkdtempSync(join(tmpdir(), 'medrex-authors-'));
  const file = (name: string) => join(files, name);
  let stack: Stack;
  const ledger = () => ['--orderer-url', stack.url('orderer-dag', 'model')];
  const author = (...args: readonly string[]) => medrexJson<Record<string, unknown>>(['author', ...args, ...ledger()]);

  beforeAll(async () => {
    for (const name of ['anne', 'other']) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      writeFileSync(file(`${name}.key`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
      writeFileSync(file(`${name}.pem`), createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }));
    }
    stack = await new Stack().start();
  }, 60_000);
  afterAll(async () => {
    await stack.remove();
    rmSync(files, { recursive: true, force: true });
  });

  /** Signs a body by the command line. */
  async function sign(id: string, body: object, more: readonly string[] = [], key = 'anne.key'): Promise<Signed> {
    writeFileSync(file('body.json'), JSON.stringify(body));
    const named = ['--key', file(key), '--source', 'urn:ehr:ward', '--id', id];
    return medrexJson<Signed>(['author', 'sign', 'dr-anne', file('body.json'), ...named, ...more]);
  }

  const headers = ({ source, id, time, author: { id: who, salt, signature } }: Signed) => ({
    'ce-source': source,
    'ce-id': id,
    'ce-time': time,
    'ce-medrexauthor': who,
    'ce-medrexsalt': salt,
    'ce-medrexsignature': signature,
  });

  async function send(body: object, named: Readonly<Record<string, string>>) {
    const { body: receipt } = await stack.client.post('/v1/transactions', body, named);
    const opId = String(receipt['transactionId']);
    return eventually(`the end of ${opId}`, async () => {
      const { body: status } = await stack.client.get(`/v1/transactions/${opId}`);
      return status['state'] === 'pending' ? undefined : status;
    });
  }

  const sendSigned = async (id: string, body: object = patientOf(id)) => send(body, headers(await sign(id, body)));

  it("rejects an unknown author's message with a remedy", async () => {
    const ended = await sendSigned('signed-message-1');
    expect(ended).toMatchObject({ state: 'rejected', code: 'AUTHOR_UNKNOWN', author: 'attested by ingest' });
    expect(ended['remedy']).toContain('medrex author register');
  }, 60_000);

  it("applies a registered author's message and reports the author", async () => {
    expect(await author('register', 'dr-anne', '--key', file('anne.pem'))).toMatchObject({ status: 'applied' });
    expect(await author('show', 'dr-anne')).toMatchObject({ id: 'dr-anne', status: 'active' });
    const ended = await sendSigned('signed-message-2');
    expect(ended).toMatchObject({ state: 'applied', author: 'signed by dr-anne' });
    const url = ['--url', stack.url('ingest', 'api')];
    const printed = await medrex(['tx', String(ended['transactionId']), ...url]);
    expect(printed.stdout).toMatch(/author +signed by dr-anne/);
    const plain = await send(patientOf('signed-message-3'), {
      'ce-source': 'urn:ehr:ward',
      'ce-id': 'signed-message-3',
    });
    expect(plain).toMatchObject({ state: 'applied', author: 'attested by ingest' });
  }, 60_000);

  it('detects a change of any signed field', async () => {
    const body = patientOf('signed-message-4');
    const signed = await sign('signed-message-4', body);
    const right = headers(signed);
    const other = headers(await sign('signed-message-4', body, [], 'other.key'));
    const changes = {
      body: [
        { ...body, active: false },
        { ...right, 'ce-id': 'signed-message-4-body' },
      ],
      id: [body, { ...right, 'ce-id': 'signed-message-4-id' }],
      source: [body, { ...right, 'ce-source': 'urn:ehr:other' }],
      time: [
        body,
        { ...right, 'ce-id': 'signed-message-4', 'ce-source': 'urn:ehr:time', 'ce-time': '2026-11-01T00:00:00.000Z' },
      ],
      salt: [body, { ...right, 'ce-source': 'urn:ehr:salt', 'ce-medrexsalt': 'c2FsdHNhbHRzYWx0c2FsdA' }],
      key: [body, other],
    } as const;
    for (const [what, [sent, named]] of Object.entries(changes)) {
      // An old time would be refused on arrival.
      const recent = what === 'time' ? { ...named, 'ce-time': new Date(Date.now() - 60_000).toISOString() } : named;
      expect([what, (await send(sent, recent))['code']]).toEqual([what, 'SIGNATURE_INVALID']);
    }
  }, 60_000);

  it('accepts a signed PUT to /fhir, and a signed line of a batch', async () => {
    const patient = { ...patientOf('signed-message-5'), id: 'p5' };
    const named = headers(await sign('signed-message-5', patient, ['--method', 'PUT', '--target', 'Patient/p5']));
    const put = await fetch(`${stack.url('ingest', 'api')}/fhir/Patient/p5`, {
      method: 'PUT',
      headers: { 'content-type': 'application/fhir+json', ...named },
      body: JSON.stringify(patient),
    });
    expect(put.status).toBe(201);
    const reading = patientOf('signed-message-6');
    const line = { ...(await sign('signed-message-6', reading)), resource: reading };
    const [item] = await stack.client.sendLines([JSON.stringify(line)]);
    const ended = await eventually('the end of the line', async () => {
      const { body } = await stack.client.get(`/v1/transactions/${item?.transactionId ?? ''}`);
      return body['state'] === 'pending' ? undefined : body;
    });
    expect(ended).toMatchObject({ state: 'applied', author: 'signed by dr-anne' });
  }, 60_000);

  it('requires a signature when the policy does, and answers FHIR with an OperationOutcome', async () => {
    await author('policy', 'clinical', 'required');
    const unsigned = await send(patientOf('signed-message-7'), {
      'ce-source': 'urn:ehr:ward',
      'ce-id': 'signed-message-7',
    });
    expect(unsigned).toMatchObject({ state: 'rejected', code: 'SIGNATURE_REQUIRED' });
    const api = `${stack.url('ingest', 'api')}/fhir/Patient`;
    const created = await fetch(api, {
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify(patientOf('signed-message-8')),
    });
    expect(created.status).toBe(401);
    expect(await created.json()).toMatchObject({ issue: [{ code: 'login' }] });
    expect(await sendSigned('signed-message-9')).toMatchObject({ state: 'applied', author: 'signed by dr-anne' });
    await author('policy', 'clinical', 'optional');
  }, 60_000);

  it('refuses a malformed signature on arrival', async () => {
    const named = headers(await sign('signed-message-10', patientOf('signed-message-10')));
    for (const wrong of [
      { ...named, 'ce-medrexauthor': 'Jane Doe' },
      { ...named, 'ce-medrexsignature': 'short' },
      { ...named, 'ce-medrexsalt': '' },
    ]) {
      const { status, body } = await stack.client.post('/v1/transactions', patientOf('signed-message-10'), wrong);
      expect([status, body['code']]).toEqual([400, 'ENVELOPE_INVALID']);
      expect(JSON.stringify(body)).not.toContain('Jane');
    }
    const timeless = Object.entries(named).filter(([name]) => name !== 'ce-time');
    const { status } = await stack.client.post(
      '/v1/transactions',
      patientOf('signed-message-10'),
      Object.fromEntries(timeless),
    );
    expect(status).toBe(400);
  });

  it('rejects signatures after the revocation, also under load', async () => {
    const bodies = Array.from({ length: 60 }, (_, number) => patientOf(`load-${number}`));
    const sent = bodies.map((body, number) =>
      send(body, { 'ce-source': 'urn:ehr:load', 'ce-id': `load-${number}` }).then(({ code }) => code),
    );
    const before = await sendSigned('signed-message-11');
    expect(await author('revoke', 'dr-anne')).toMatchObject({ status: 'applied' });
    const behind = await sendSigned('signed-message-12');
    expect([before['code'], behind['code']]).toEqual(['OK', 'AUTHOR_REVOKED']);
    // Operations in flight are planned again; other authors are not affected.
    expect(new Set(await Promise.all(sent))).toEqual(new Set(['OK']));
    const metrics = await (await fetch(`${stack.url('orderer-dag', 'model')}/metrics`)).text();
    expect(metrics).toMatch(/^medrex_orderer_fusions_returned_total\{reason="own"\} 0$/m);
    const again = await medrex(['author', 'register', 'dr-anne', '--key', file('anne.pem'), ...ledger()]);
    expect([again.code, again.stdout]).toEqual([1, expect.stringContaining('AUTHOR_IS_REVOKED')]);
    const listed = await medrex(['author', 'list', ...ledger()]);
    expect(listed.stdout).toMatch(/dr-anne +revoked/);
  }, 60_000);

  it('writes receipts, and leaves signed content only in sealed bodies', async () => {
    await stack.stop();
    const { operations, receipts } = await readLeftBehind(stack);
    const signed = operations.filter(({ operation }) => operation.author !== undefined);
    expect(signed.length).toBeGreaterThan(10);
    const text = JSON.stringify(signed.map(({ operation }) => operation));
    expect(text).not.toMatch(/urn:ehr|signed-message/);
    const items = receipts.flatMap((receipt) => receipt.items);
    expect(items.some(({ author: who, state }) => who === 'dr-anne' && state === 'applied')).toBe(true);
  }, 60_000);

  it('refuses a private key for registration', async () => {
    const wrong = await medrex([
      'author',
      'register',
      'x',
      '--key',
      file('anne.key'),
      '--orderer-url',
      'http://127.0.0.1:1',
    ]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('no public key')]);
  });
});
