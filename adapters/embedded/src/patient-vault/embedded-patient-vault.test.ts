import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PatientVault } from '@medrex/privacy';
import { patientVaultContract } from '@medrex/privacy/testing';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultTenantKeyFile, EmbeddedPatientVault, openEmbeddedVault } from './embedded-patient-vault.ts';

const mrn = (value: string): { system: string; value: string } => ({ system: 'urn:example:mrn', value });
const opened: PatientVault[] = [];
let root: string;
let folder: string;

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'medrex-vault-'));

async function open(...keys: readonly Uint8Array[]): Promise<EmbeddedPatientVault> {
  const vault = await EmbeddedPatientVault.open({ folder, tenantKeys: () => keys });
  opened.push(vault);
  return vault;
}

async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map((vault) => vault.close()));
}

beforeEach(() => {
  root = newFolder();
  folder = join(root, 'vault');
});

afterEach(async () => {
  await closeAll();
  rmSync(root, { recursive: true });
});

patientVaultContract('EmbeddedPatientVault', async () => {
  const vaults: PatientVault[] = [];
  const place = newFolder();
  return {
    open: async (...keys) => {
      const vault = await EmbeddedPatientVault.open({ folder: place, tenantKeys: () => keys });
      vaults.push(vault);
      return vault;
    },
    dispose: async () => {
      await Promise.all(vaults.map((vault) => vault.close()));
      rmSync(place, { recursive: true });
    },
  };
});

describe('EmbeddedPatientVault', () => {
  const key = randomBytes(32);

  it('contains no identifier in plain text, in any of its files', async () => {
    const vault = await open(key);
    await vault.findOrCreate([[mrn('MRN-PLANTED-4711'), { system: 'urn:example:ssn', value: '999-12-3456' }]]);
    for (const name of readdirSync(folder)) {
      const bytes = readFileSync(join(folder, name)).toString('latin1');
      expect(bytes).not.toMatch(/PLANTED|999-12-3456|urn:example/);
    }
    expect(readdirSync(folder).sort()).toEqual(['vault.db', 'vault.db-shm', 'vault.db-wal']);
  });

  it('is readable by its owner only', async () => {
    const vault = await open(key);
    await vault.findOrCreate([[mrn('1')]]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  });

  it('is unavailable when its folder is moved away, writes nothing there, and recovers', async () => {
    const vault = await open(key);
    const [before] = await vault.findOrCreate([[mrn('1')]]);
    renameSync(folder, `${folder}-away`);
    await expect(vault.findOrCreate([[mrn('1')]])).rejects.toMatchObject({
      code: 'VAULT_UNAVAILABLE',
      retryable: true,
    });
    await expect(vault.findOrCreate([[mrn('2')]])).rejects.toMatchObject({ code: 'VAULT_UNAVAILABLE' });
    expect(existsSync(folder)).toBe(false);
    renameSync(`${folder}-away`, folder);
    expect(await vault.findOrCreate([[mrn('1')], [mrn('2')]])).toMatchObject([
      { patient: before!.patient },
      { isNew: true },
    ]);
  });

  it('continues with a vault that was restored into its place', async () => {
    const vault = await open(key);
    const [before] = await vault.findOrCreate([[mrn('1')]]);
    await closeAll();
    const backup = readFileSync(join(folder, 'vault.db'));
    const running = await open(key);
    await running.findOrCreate([[mrn('2')]]);
    renameSync(folder, `${folder}-broken`);
    await expect(running.findOrCreate([[mrn('1')]])).rejects.toMatchObject({ code: 'VAULT_UNAVAILABLE' });
    mkdirSync(folder);
    writeFileSync(join(folder, 'vault.db'), backup);
    expect(await running.findOrCreate([[mrn('1')], [mrn('2')]])).toMatchObject([
      { patient: before!.patient },
      { isNew: true },
    ]);
  });

  it('creates no vault where one must exist', async () => {
    const opening = EmbeddedPatientVault.open({ folder, tenantKeys: () => [key], mayMake: false });
    await expect(opening).rejects.toMatchObject({ code: 'VAULT_MISSING' });
    expect(existsSync(folder)).toBe(false);
  });

  it('does not mistake another file for a vault', async () => {
    await open(key);
    await closeAll();
    writeFileSync(
      join(folder, 'vault.db'),
      'this is not a database, and it is long enough to be read as one'.repeat(20),
    );
    await expect(open(key)).rejects.toMatchObject({ code: 'VAULT_UNREADABLE', retryable: false });
  });

  it('refuses when it was closed', async () => {
    const vault = await open(key);
    await vault.close();
    await expect(vault.findOrCreate([[mrn('1')]])).rejects.toMatchObject({ code: 'VAULT_UNAVAILABLE' });
  });

  it('does not let a failing lookup affect those that share its commit', async () => {
    const vault = await open(key);
    const [good, bad, late] = await Promise.allSettled([
      vault.findOrCreate([[mrn('1')]]),
      vault.merged('0'.repeat(32), '1'.repeat(32)),
      vault.findOrCreate([[mrn('2')]]),
    ]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'PATIENT_UNKNOWN' } });
    expect([good, late]).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }]);
    expect(await (await open(key)).findOrCreate([[mrn('1')], [mrn('2')]])).toMatchObject([
      { isNew: false },
      { isNew: false },
    ]);
  });
});

describe('openEmbeddedVault', () => {
  it('creates a key file of mode 0600 at the first start, reports it once, and uses it from then on', async () => {
    const first = await openEmbeddedVault(folder);
    opened.push(first.vault);
    const file = defaultTenantKeyFile(folder);
    expect(first.notice).toContain(file);
    expect(first.notice).not.toContain(readFileSync(file, 'utf8').trim());
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const [made] = await first.vault.findOrCreate([[mrn('1')]]);
    const second = await openEmbeddedVault(folder);
    opened.push(second.vault);
    expect(second.notice).toBeUndefined();
    expect(await second.vault.findOrCreate([[mrn('1')]])).toEqual([{ ...made, isNew: false }]);
  });

  it('creates one key for processes that start together', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => openEmbeddedVault(folder)));
    opened.push(...all.map(({ vault }) => vault));
    expect(all.filter(({ notice }) => notice !== undefined)).toHaveLength(1);
    const found = await Promise.all(all.map(({ vault }) => vault.findOrCreate([[mrn('1')]])));
    expect(new Set(found.map(([lookup]) => lookup!.patient.pseudonym)).size).toBe(1);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('creates no new key for a vault whose key file is missing', async () => {
    opened.push((await openEmbeddedVault(folder)).vault);
    await closeAll();
    rmSync(defaultTenantKeyFile(folder));
    await expect(openEmbeddedVault(folder)).rejects.toMatchObject({ code: 'VAULT_KEY_MISSING' });
    expect(existsSync(defaultTenantKeyFile(folder))).toBe(false);
  });

  it('uses the key of the environment and creates no file', async () => {
    opened.push((await openEmbeddedVault(folder, { env: randomBytes(32).toString('base64') })).vault);
    expect(existsSync(defaultTenantKeyFile(folder))).toBe(false);
  });

  it('creates nothing where nothing may be created', async () => {
    await expect(openEmbeddedVault(folder, {}, false)).rejects.toMatchObject({ code: 'VAULT_MISSING' });
    expect(existsSync(folder)).toBe(false);
  });
});
