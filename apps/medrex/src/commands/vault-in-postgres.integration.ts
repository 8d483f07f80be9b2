import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import {
  PostgresPatientVault,
  PostgresPool,
  postgresPoolOptions,
  postgresVariables,
  type PostgresPoolOptions,
} from '@medrex/postgres';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { checkDatabase, checkVault } from './check-vault.ts';
import { erase } from './erase.ts';
import { vaultRotate } from './vault-rotate.ts';

const mrn = { system: 'urn:example:mrn', value: '4711' };

describeReal('POSTGRES', 'the command line on a vault in PostgreSQL', (url) => {
  const schema = `test_${randomBytes(6).toString('hex')}`;
  const before = { ...process.env };
  let folder: string;
  let keyFile: string;
  let pool: PostgresPool;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'medrex-cli-'));
    // An empty log: without one the command refuses, as it could not know which operations are live.
    mkdirSync(join(folder, 'log'));
    keyFile = join(folder, 'tenant.key');
    writeFileSync(keyFile, randomBytes(32).toString('hex'));
    Object.assign(process.env, {
      MEDREX_STORES: 'postgres',
      MEDREX_POSTGRES_URL: url,
      MEDREX_POSTGRES_TLS: 'off',
      MEDREX_POSTGRES_SCHEMA: schema,
      MEDREX_TENANT_KEY_FILE: keyFile,
    });
    pool = new PostgresPool(postgresPoolOptions(z.object(postgresVariables).parse(process.env)) as PostgresPoolOptions);
  });
  afterEach(async () => {
    await pool.use((client) => client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`));
    await pool.close();
    rmSync(folder, { recursive: true });
    for (const name of Object.keys(process.env)) if (!(name in before)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, before);
  });

  it('checks it, rotates it and erases from it', async () => {
    expect(await checkVault(folder)).toMatchObject({
      verdict: 'ok',
      found: expect.stringMatching(/none yet/) as unknown,
    });
    const tenantKeys = () => [Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'hex')];
    const vault = await PostgresPatientVault.open(pool, { schema, tenantKeys });
    const [made] = await vault.findOrCreate([[mrn]]);
    expect(await checkVault(folder)).toMatchObject({ verdict: 'ok', found: 'opens with its tenant key' });
    expect(await checkDatabase()).toMatchObject([{ check: 'PostgreSQL' }]);

    const old = readFileSync(keyFile, 'utf8').trim();
    expect(await vaultRotate({ data: folder, json: true })).toBe(0);
    expect(readFileSync(keyFile, 'utf8').trim()).not.toBe(old);
    expect(await vault.findOrCreate([[mrn]])).toMatchObject([{ isNew: false, patient: made!.patient }]);

    expect(await erase({ patient: 'urn:example:mrn|4711', data: folder, yes: true, json: true })).toBe(0);
    expect(await vault.byPseudonym(made!.patient.pseudonym)).toEqual({
      pseudonym: made!.patient.pseudonym,
      state: 'erased',
    });
    expect(await erase({ patient: 'urn:example:mrn|4711', data: folder, yes: true, json: true })).toBe(1);
  });
});
