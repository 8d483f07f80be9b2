import { afterEach, describe, expect, it } from '@jest/globals';
import { clinicalContract } from '@medrex/clinical';
import { aPatient } from '@medrex/clinical/testing';
import { CodedError } from '@medrex/coded-error';
import { eventually } from '@medrex/contracts/testing';
import { privacyErrors } from '@medrex/privacy';
import { InMemoryPatientVault } from '@medrex/privacy/in-memory';
import { randomBytes } from 'node:crypto';
import { Harness } from './testing/harness.ts';

const system = 'urn:hospital:mrn';
const person = (mrn: string, over: object = {}) => aPatient({ identifier: [{ system, value: mrn }], ...over });
const replacedBy = (mrn: string) => ({
  link: [{ type: 'replaced-by', other: { identifier: { system, value: mrn } } }],
});
const vaultKeeps = async (vault: InMemoryPatientVault, mrn: string) =>
  (await vault.findOrCreate([[{ system, value: mrn }]]))[0]?.patient.pseudonym;

/** A vault that fails to record merges while `error` is set. */
class FailingVault extends InMemoryPatientVault {
  error: CodedError | undefined;
  readonly noted: (readonly [string, string])[] = [];

  override async merged(from: string, into: string): Promise<void> {
    if (this.error !== undefined) throw this.error;
    this.noted.push([from, into]);
    await super.merged(from, into);
  }
}

let ingest: Harness;
let stop: () => Promise<void>;
afterEach(async () => {
  await stop();
  await ingest.close();
});

async function start(vault: FailingVault): Promise<void> {
  ingest = await Harness.start({ vault, env: { INGEST_OFFLOAD_THREADS: '0' } });
  stop = await ingest.applyAll([clinicalContract]);
}

const send = (resource: object, id: string, waitS = 5) =>
  ingest.post('/v1/transactions', JSON.stringify(resource), { 'ce-id': id, 'ce-source': 's', prefer: `wait=${waitS}` });

async function mergeOf(first: string, second: string, waitS = 5): Promise<void> {
  await send(person(first), `m-${first}`);
  await send(person(second), `m-${second}`);
  await send(person(first, replacedBy(second)), `merge-${first}`, waitS);
}

describe('a merge on the ledger', () => {
  it('makes both identifiers lead to the survivor, whose erasure covers both', async () => {
    const vault = new FailingVault({ random: randomBytes });
    await start(vault);
    await mergeOf('mrn-a', 'mrn-b');
    const [[from, into]] = vault.noted as [readonly [string, string]];
    expect(await vaultKeeps(vault, 'mrn-a')).toBe(into);
    expect(await vaultKeeps(vault, 'mrn-b')).toBe(into);
    expect((await vault.startErasure({ system, value: 'mrn-b' }))?.toSorted()).toEqual([from, into].toSorted());
  });

  it('is recorded before its outcome is published', async () => {
    const vault = new FailingVault({ random: randomBytes });
    vault.error = new CodedError(privacyErrors.vaultUnavailable, 'the vault is unavailable');
    await start(vault);
    await mergeOf('mrn-a', 'mrn-b', 0);
    await eventually(async () => (await ingest.metric('medrex_ingest_read_failures_total')) > 1);
    const [merge] = (await ingest.operations()).slice(-1);
    expect((await ingest.get(`/v1/transactions/${merge?.operation.opId}`)).body['state']).toBe('pending');
    vault.error = undefined;
    expect(await ingest.settled(merge?.operation.opId ?? '')).toMatchObject({ state: 'applied' });
    expect(vault.noted).toHaveLength(1);
  });

  it('into a patient who was merged before leads to the survivor', async () => {
    const vault = new FailingVault({ random: randomBytes });
    await start(vault);
    await mergeOf('mrn-a', 'mrn-b');
    const response = await send(person('mrn-c', replacedBy('mrn-a')), 'm-c');
    expect(await response.json()).toMatchObject({ state: 'applied' });
    expect(await vaultKeeps(vault, 'mrn-c')).toBe(await vaultKeeps(vault, 'mrn-b'));
  });

  it('that the ledger rejected is not recorded', async () => {
    const vault = new FailingVault({ random: randomBytes });
    ingest = await Harness.start({ vault, env: { INGEST_OFFLOAD_THREADS: '0' } });
    stop = async () => undefined;
    const [from, into] = [await vaultKeeps(vault, 'mrn-a'), await vaultKeeps(vault, 'mrn-b')];
    await ingest.post('/v1/transactions', JSON.stringify(person('mrn-a')), { 'ce-id': 'm', 'ce-source': 's' });
    const detail = [{ merged: [{ from: String(from), into: String(into) }] }];
    await ingest.settle(await ingest.operations(), () => ({ status: 'rejected', code: 'PATIENT_MERGED', detail }));
    const [one] = await ingest.operations();
    await ingest.settled(one?.operation.opId ?? '');
    expect(vault.noted).toEqual([]);
  });

  it('that cannot be recorded in this vault is logged and does not block later outcomes', async () => {
    const vault = new FailingVault({ random: randomBytes });
    vault.error = new CodedError(privacyErrors.patientUnknown, 'the vault knows no such patient');
    await start(vault);
    await mergeOf('mrn-a', 'mrn-b');
    const response = await send(person('mrn-d'), 'm-d');
    expect(await response.json()).toMatchObject({ state: 'applied' });
    expect(ingest.lines.join('\n')).toContain('a merge on the ledger cannot be noted in the vault');
  });
});
