import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import type { PatientVault } from '@medrex/privacy';
import { patientVaultContract } from '@medrex/privacy/testing';
import { randomBytes } from 'node:crypto';
import type { PoolClient } from 'pg';
import { TestSchema } from '../testing/a-schema.ts';
import { WatchingPool } from '../testing/watching-pool.ts';
import { PostgresPatientVault } from './postgres-patient-vault.ts';

const mrn = (value: string): { system: string; value: string } => ({ system: 'urn:example:mrn', value });

describeReal('POSTGRES', 'PostgresPatientVault', (url) => {
  patientVaultContract('PostgresPatientVault', async () => {
    const schema = new TestSchema(url);
    const vaults: PatientVault[] = [];
    return {
      open: async (...keys) => {
        const pool = schema.pool();
        const vault = await PostgresPatientVault.open(pool, { schema: schema.name, tenantKeys: () => keys });
        vaults.push(vault);
        return vault;
      },
      dispose: async () => {
        await Promise.all(vaults.map((vault) => vault.close()));
        await schema.drop();
      },
    };
  });

  const key = randomBytes(32);
  let schema: TestSchema;
  const open = (mayMake = true): Promise<PostgresPatientVault> =>
    PostgresPatientVault.open(schema.pool(), { schema: schema.name, tenantKeys: () => [key], mayMake });
  beforeEach(() => {
    schema = new TestSchema(url);
  });
  afterEach(() => schema.drop());

  it('gives one pseudonym to each person that several instances meet first at once', async () => {
    const vaults = await Promise.all(Array.from({ length: 4 }, () => open()));
    const people = Array.from({ length: 200 }, (_, at) => [
      mrn(`${at}`),
      { system: 'urn:example:card', value: `${at}` },
    ]);
    const found = await Promise.all(
      vaults.flatMap((vault, at) => {
        const own = at % 2 === 0 ? people : [...people].reverse();
        return Array.from({ length: 20 }, (_, run) => vault.findOrCreate(own.slice(run * 10, run * 10 + 10)));
      }),
    );
    expect(found.flat().filter(({ isNew }) => isNew)).toHaveLength(200);
    expect(new Set(found.flat().map(({ patient }) => patient.pseudonym)).size).toBe(200);
    expect(await schema.sql('SELECT count(*)::integer AS rows FROM S.vault_patients')).toEqual([{ rows: 200 }]);
    expect(await schema.sql('SELECT count(*)::integer AS rows FROM S.vault_identifiers')).toEqual([{ rows: 400 }]);
  });

  it('gives one identity key to instances that start together', async () => {
    const vaults = await Promise.all(Array.from({ length: 4 }, () => open()));
    const keys = await Promise.all(vaults.map((vault) => vault.identityKey('ehr')));
    expect(new Set(keys.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(1);
  });

  it('looks a whole run up in five statements, and makes it in a few more', async () => {
    const statements: string[] = [];
    const pool = schema.closing(new WatchingPool(schema.options, async (sql) => void statements.push(sql)));
    const vault = await PostgresPatientVault.open(pool, { schema: schema.name, tenantKeys: () => [key] });
    await vault.tenantSubjectKey();
    const people = Array.from({ length: 500 }, (_, at) => [mrn(`${at}`)]);
    statements.length = 0;
    await vault.findOrCreate(people);
    expect(statements.length).toBeLessThanOrEqual(12); // the read that found nobody is among them
    statements.length = 0;
    expect(await vault.findOrCreate(people)).toHaveLength(500);
    expect(statements).toHaveLength(5);
  });

  it('holds no identifier in clear', async () => {
    const vault = await open();
    await vault.findOrCreate([[mrn('MRN-PLANTED-4711'), { system: 'urn:example:ssn', value: '999-12-3456' }]]);
    for (const table of ['vault_patients', 'vault_identifiers', 'vault_secrets', 'vault_tenant_keys']) {
      for (const row of await schema.sql(`SELECT * FROM S.${table}`)) {
        const text = Object.values(row)
          .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)))
          .join(' ');
        expect(text).not.toMatch(/PLANTED|999-12-3456|urn:example/);
      }
    }
  });

  it('makes no vault where one must be, and takes one that holds nothing for none', async () => {
    await expect(open(false)).rejects.toMatchObject({ code: 'VAULT_MISSING' });
    const vault = await open();
    await expect(open(false)).rejects.toMatchObject({ code: 'VAULT_MISSING' });
    await vault.tenantSubjectKey();
    await open(false);
  });

  it('keeps a failing call apart from those that share its commit', async () => {
    const vault = await open();
    const [good, bad, late] = await Promise.allSettled([
      vault.findOrCreate([[mrn('1')]]),
      vault.merged('0'.repeat(32), '1'.repeat(32)),
      vault.findOrCreate([[mrn('2')]]),
    ]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'PATIENT_UNKNOWN' } });
    expect([good, late]).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }]);
    expect(await vault.findOrCreate([[mrn('1')], [mrn('2')]])).toMatchObject([{ isNew: false }, { isNew: false }]);
  });

  it('commits to the disk also in a database that would rather be fast', async () => {
    const atCommit: unknown[] = [];
    const watch = async (sql: string, client: PoolClient): Promise<void> => {
      if (sql.startsWith('BEGIN')) await client.query("SET synchronous_commit = 'off'");
      if (sql === 'COMMIT') atCommit.push(...(await client.query<object>('SHOW synchronous_commit')).rows);
    };
    const pool = schema.closing(new WatchingPool(schema.options, watch));
    const vault = await PostgresPatientVault.open(pool, { schema: schema.name, tenantKeys: () => [key] });
    atCommit.length = 0;
    await vault.tenantSubjectKey();
    expect(atCommit).toEqual([{ synchronous_commit: 'off' }, { synchronous_commit: 'on' }]); // the read before, the write
  });

  it('refuses when it was closed', async () => {
    const vault = await open();
    await vault.close();
    await expect(vault.findOrCreate([[mrn('1')]])).rejects.toMatchObject({ code: 'VAULT_UNAVAILABLE' });
  });
});
