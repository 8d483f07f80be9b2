import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aBundle, anObservation, aPost } from '@medrex/clinical/testing';
import { randomBytes } from 'node:crypto';
import { Harness, type Json } from './testing/harness.ts';
import { UnreliableVault } from './testing/unreliable-vault.ts';

const observation = (patient: number, note = '') =>
  anObservation({
    subject: { identifier: { system: 'urn:hospital:mrn', value: `MRN-${patient}` } },
    ...(note !== '' && { note: [{ text: note }] }),
  });

/** A batch Bundle of about this many bytes. */
function bigBundle(bytes: number): string {
  const note = 'observed '.repeat(200);
  const entries = Array.from({ length: Math.ceil(bytes / 2_500) }, (_, at) => aPost(observation(at % 50, note)));
  return JSON.stringify(aBundle('batch', entries));
}

const vault = new UnreliableVault({ random: randomBytes });
let ingest: Harness;

beforeAll(async () => {
  ingest = await Harness.start({
    vault,
    env: { INGEST_OFFLOAD_BYTES: String(128 * 1024), INGEST_OFFLOAD_THREADS: '1' },
  });
});
afterAll(() => ingest.close());

const post = (body: string, headers: Record<string, string> = {}) =>
  ingest.post('/v1/batches', body, { 'content-type': 'application/fhir+json', ...headers });
const parsed = async (response: Response) => ({ status: response.status, body: (await response.json()) as Json });

describe('a message too large for the main thread', () => {
  it('is translated into the same operations as on the main thread', async () => {
    const bundle = bigBundle(200 * 1024);
    const named = { 'ce-id': 'big', 'ce-source': 's' };
    const { status, body } = await parsed(await post(bundle, named));
    expect(status).toBe(202);
    const here = await Harness.start({ vault, env: { INGEST_OFFLOAD_THREADS: '0' } });
    const there = await parsed(
      await here.post('/v1/batches', bundle, { 'content-type': 'application/fhir+json', ...named }),
    );
    const ids = (answer: Json) =>
      (answer['items'] as readonly Json[]).map(({ transactionId, digest }) => [transactionId, digest]);
    expect(ids(body)).toEqual(ids(there.body));
    const bytes = async (harness: Harness) =>
      (await harness.operations()).map(({ operation }) => ({ ...operation, time: '' }));
    expect(await bytes(ingest)).toEqual(await bytes(here));
    await here.close();
  });

  it('is recognised when repeated', async () => {
    const bundle = bigBundle(200 * 1024);
    expect((await parsed(await post(bundle, { 'ce-id': 'twice' }))).status).toBe(202);
    expect((await parsed(await post(bundle, { 'ce-id': 'twice' }))).status).toBe(200);
    expect((await parsed(await post(`${bundle} `, { 'ce-id': 'twice' }))).status).toBe(409);
  });

  it('is refused for the same problems as a small one', async () => {
    const broken = `${bigBundle(200 * 1024)}]`;
    expect(await parsed(await post(broken))).toMatchObject({ status: 400, body: { code: 'BODY_NOT_JSON' } });
    const wrong = JSON.stringify(
      aBundle('batch', [aPost(anObservation({ status: 'x', note: [{ text: 'y'.repeat(200 * 1024) }] }))]),
    );
    expect(await parsed(await post(wrong))).toMatchObject({
      status: 422,
      body: { items: [{ status: 422, problem: { code: 'INVALID_RESOURCE' } }] },
    });
    const latin1 = Buffer.from(bigBundle(200 * 1024).replace('observed', 'beob\u00e4chtet'), 'latin1');
    const response = await ingest.post('/v1/batches', latin1, { 'content-type': 'application/fhir+json' });
    expect(await parsed(response)).toMatchObject({ status: 400, body: { code: 'BODY_NOT_UTF8' } });
  });

  it('is refused while the vault is unavailable, like any other', async () => {
    vault.isUnavailable = true;
    const fresh = JSON.stringify(aBundle('batch', [aPost(observation(900_001, 'z'.repeat(200 * 1024)))]));
    expect(await parsed(await post(fresh))).toMatchObject({ status: 503, body: { code: 'VAULT_UNAVAILABLE' } });
    vault.isUnavailable = false;
    expect((await post(fresh)).status).toBe(202);
  });

  it('is translated on a worker thread, and a small one on the main thread', async () => {
    const module = new URL('./testing/thread-reporting-intake.ts', import.meta.url).href;
    const reporting = await Harness.start({
      env: {
        MEDREX_INTAKE_CONTRACTS: `${module}#threadReportingIntake`,
        INGEST_OFFLOAD_BYTES: String(128 * 1024),
        INGEST_OFFLOAD_THREADS: '1',
      },
    });
    const json = { 'content-type': 'application/json' };
    for (const note of ['z'.repeat(200 * 1024), 'z'])
      expect((await reporting.post('/v1/transactions', JSON.stringify({ note }), json)).status).toBe(202);
    const threads = (await reporting.operations()).map(({ operation }) => operation.facts['thread']);
    expect(threads).toEqual([expect.any(Number), 0]);
    expect(threads[0]).not.toBe(0);
    await reporting.close();
  });
});
