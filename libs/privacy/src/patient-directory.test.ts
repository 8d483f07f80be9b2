import { beforeEach, describe, expect, it } from '@jest/globals';
import type { PatientIdentifier } from '@medrex/contracts';
import { randomBytes } from 'node:crypto';
import { InMemoryPatientVault } from './in-memory/in-memory-patient-vault.ts';
import { InMemoryVaultStore } from './in-memory/in-memory-vault-store.ts';
import { PatientDirectory } from './patient-directory.ts';
import { BodyKey, openBody } from './sealed-body.ts';
import { mrn, patientOf, ssn } from './testing/vault-fixture.ts';

const body = Buffer.from('{"status":"final"}');
let nowMs: number;
let store: InMemoryVaultStore;
let vault: InMemoryPatientVault;
let directory: PatientDirectory;

beforeEach(async () => {
  nowMs = 1_000_000;
  store = new InMemoryVaultStore();
  vault = new InMemoryPatientVault({ store, random: randomBytes });
  directory = await PatientDirectory.open({ vault, order: ['urn:example:mrn', '*'], nowMs: () => nowMs });
});

const ask = (...identifiers: readonly PatientIdentifier[]): ReturnType<PatientDirectory['patient']> =>
  directory.patient(identifiers);

describe('PatientDirectory', () => {
  it('returns the pseudonym and seals with the data key of the vault', async () => {
    const handle = await ask(ssn('9'), mrn('1'));
    const patient = await patientOf(vault, mrn('1'));
    expect(handle.pseudonym).toBe(patient.pseudonym);
    expect(Buffer.from(openBody(new BodyKey(patient.dataKey), handle.seal(body, ['m']), ['m']))).toEqual(body);
  });

  it('looks a whole run up in one vault transaction, each person once', async () => {
    const run = await Promise.all(Array.from({ length: 500 }, (_, at) => ask(mrn(`${at % 50}`))));
    expect(new Set(run.map(({ pseudonym }) => pseudonym)).size).toBe(50);
    expect(directory.statistics()).toEqual({ hits: 0, lookups: 50, transactions: 1, kept: 50 });
  });

  it('puts lookups made during a transaction into the next one', async () => {
    const first = ask(mrn('1'));
    await Promise.resolve();
    await Promise.resolve();
    await Promise.all([first, ask(mrn('2')), ask(mrn('3'))]);
    expect(directory.statistics()).toMatchObject({ lookups: 3, transactions: 2 });
  });

  it('keeps a patient for half the lease, so that the other half is left to seal in', async () => {
    await ask(mrn('1'));
    nowMs += 2_499;
    expect((await ask(mrn('1'))).isNew).toBe(false);
    expect(directory.statistics()).toMatchObject({ hits: 1, transactions: 1 });
    nowMs += 1;
    await ask(mrn('1'));
    expect(directory.statistics()).toMatchObject({ hits: 1, transactions: 2 });
  });

  it('does not seal with a key that was held beyond its lease', async () => {
    const handle = await ask(mrn('1'));
    nowMs += 4_999;
    expect(handle.seal(body, ['m'])).toBeInstanceOf(Uint8Array);
    nowMs += 1;
    expect(() => handle.seal(body, ['m'])).toThrow(
      expect.objectContaining({ code: 'PATIENT_LEASE_OVER', retryable: true }),
    );
  });

  it('forgets keys whose lease has ended', async () => {
    await Promise.all([ask(mrn('1')), ask(mrn('2'))]);
    nowMs += 5_000;
    await ask(mrn('3'));
    expect(directory.statistics().kept).toBe(1);
  });

  it('keeps at most the configured number of patients', async () => {
    directory = await PatientDirectory.open({ vault, order: ['*'], nowMs: () => nowMs, patientsMax: 10 });
    await Promise.all(Array.from({ length: 30 }, (_, at) => ask(mrn(`${at}`))));
    expect(directory.statistics().kept).toBe(10);
    await ask(mrn('29'));
    expect(directory.statistics().hits).toBe(1);
  });

  it('refuses a patient that is being erased, and only that one', async () => {
    await vault.findOrCreate([[mrn('1')]]);
    await vault.startErasure(mrn('1'));
    const [erasing, other] = await Promise.allSettled([ask(mrn('1')), ask(mrn('2'))]);
    expect(erasing).toMatchObject({ status: 'rejected', reason: { code: 'PATIENT_ERASING', retryable: false } });
    expect(other).toMatchObject({ status: 'fulfilled' });
  });

  it('creates a new patient for the identifier after the erasure, and never uses the old key again', async () => {
    const before = await ask(mrn('1'));
    await vault.finishErasure((await vault.startErasure(mrn('1'))) ?? []);
    nowMs += 5_000;
    const after = await ask(mrn('1'));
    expect(after.pseudonym).not.toBe(before.pseudonym);
    expect(() => before.seal(body, ['m'])).toThrow(expect.objectContaining({ code: 'PATIENT_LEASE_OVER' }));
  });

  it('refuses identifiers of systems that identify no persons here', async () => {
    directory = await PatientDirectory.open({ vault, order: ['urn:example:mrn'], nowMs: () => nowMs });
    await expect(ask(ssn('9'))).rejects.toMatchObject({ code: 'PATIENT_UNIDENTIFIED' });
    await expect(ask()).rejects.toMatchObject({ code: 'PATIENT_UNIDENTIFIED' });
  });

  it('flags an identifier of another person by its system and pseudonym, never by its value', async () => {
    const one = await ask(mrn('1'), ssn('9'));
    const two = await ask(mrn('2'), ssn('9'));
    expect(two.conflicts).toEqual([{ system: 'urn:example:ssn', pseudonym: one.pseudonym }]);
    expect((await ask(mrn('2'), ssn('9'))).conflicts).toEqual(two.conflicts);
  });

  it('reports that the vault is unavailable, continues with cached keys, and recovers', async () => {
    const known = await ask(mrn('1'));
    store.setAvailable(false);
    await expect(ask(mrn('2'))).rejects.toMatchObject({ code: 'VAULT_UNAVAILABLE', retryable: true });
    expect((await ask(mrn('1'))).pseudonym).toBe(known.pseudonym);
    store.setAvailable(true);
    expect((await ask(mrn('2'))).isNew).toBe(true);
  });

  it('seals and opens data that is about no patient', () => {
    const sealed = directory.tenant.seal(Buffer.from('["ehr-1","m-1"]'), ['name', 'op']);
    expect(Buffer.from(directory.tenant.open(sealed, ['name', 'op'])).toString()).toBe('["ehr-1","m-1"]');
    expect(() => directory.tenant.open(sealed, ['name', 'other'])).toThrow(
      expect.objectContaining({ code: 'BODY_UNOPENABLE' }),
    );
  });
});

describe('PatientDirectory with a damaged row', () => {
  it('fails for that patient only', async () => {
    const [damaged] = await vault.findOrCreate([[mrn('1')], [mrn('2')]]);
    await store.transaction('write', async (rows) => {
      const [row] = await rows.patients([damaged!.patient.pseudonym]);
      await rows.putPatients([{ ...row!, wrapped: { ...row!.wrapped!, bytes: Buffer.alloc(60) } }]);
    });
    const [first, second] = await Promise.allSettled([ask(mrn('1')), ask(mrn('2'))]);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'VAULT_UNREADABLE' } });
    expect(second).toMatchObject({ status: 'fulfilled' });
  });
});
