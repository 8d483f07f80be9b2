import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { erasePatient } from '@medrex/privacy';
import { randomBytes } from 'node:crypto';
import { TestSchema } from '../testing/a-schema.ts';
import { findInFolder } from '../testing/find-in-folder.ts';
import { PostgresPatientVault } from './postgres-patient-vault.ts';

const mrn = (value: number): { system: string; value: string } => ({ system: 'urn:example:mrn', value: `${value}` });
const alias = (value: number): { system: string; value: string } => ({
  system: 'urn:example:card',
  value: `card ${value}`.repeat(20),
});
/** Where the server keeps its files, when this test may read them: the role needs CHECKPOINT and pg_switch_wal too. */
const dataFolder = process.env['MEDREX_TEST_POSTGRES_DATA'];

describeReal('POSTGRES', 'erasure of a patient from PostgreSQL', (url) => {
  const key = randomBytes(32);
  let schema: TestSchema;
  let vault: PostgresPatientVault;
  beforeEach(async () => {
    schema = new TestSchema(url);
    vault = await PostgresPatientVault.open(schema.pool(), { schema: schema.name, tenantKeys: () => [key] });
  });
  afterEach(() => schema.drop());

  const erase = (at: number) =>
    erasePatient({ vault, identifier: alias(at), liveOperations: async () => 0, sleep: async () => undefined });

  /** Everything stored for a person, read past the vault. */
  async function storedSecrets(pseudonym: string): Promise<readonly Uint8Array[]> {
    const rows = await schema.sql(
      `SELECT wrapped AS secret FROM S.vault_patients WHERE pseudonym = $1
       UNION ALL SELECT digest FROM S.vault_identifiers WHERE pseudonym = $1
       UNION ALL SELECT sealed FROM S.vault_identifiers WHERE pseudonym = $1`,
      [pseudonym],
    );
    return rows.map(({ secret }) => secret as Uint8Array);
  }

  const inFiles = dataFolder === undefined ? describe.skip : describe;
  inFiles(
    `in the files of the server${dataFolder === undefined ? ' (left out: no MEDREX_TEST_POSTGRES_DATA)' : ''}`,
    () => {
      it('leaves no byte in tables, indexes, statistics or the write-ahead log', async () => {
        const found = await vault.findOrCreate(Array.from({ length: 2_000 }, (_, at) => [mrn(at), alias(at)]));
        await schema.sql('ANALYZE S.vault_patients');
        await schema.sql('ANALYZE S.vault_identifiers');
        const secrets: Uint8Array[] = [];
        for (const at of [0, 700, 1_999]) {
          const own = await storedSecrets(found[at]!.patient.pseudonym);
          expect(own).toHaveLength(5);
          await schema.sql('CHECKPOINT');
          const files = findInFolder(dataFolder ?? '', own);
          expect(files.some((file) => file.includes('/base/'))).toBe(true); // the search finds what is there
          secrets.push(...own);
          expect(await erase(at)).toMatchObject({ kind: 'erased', dataKeys: 1, identifiers: 2 });
          expect(findInFolder(dataFolder ?? '', own)).toEqual([]);
        }
        expect(findInFolder(dataFolder ?? '', secrets)).toEqual([]);
        expect(await vault.findOrCreate([[mrn(1)]])).toMatchObject([{ isNew: false, patient: found[1]!.patient }]);
      });

      it('needs the rewriting: a deleted row stays in its page also after a plain VACUUM', async () => {
        const [one] = await vault.findOrCreate([[mrn(1), alias(1)]]);
        const secrets = await storedSecrets(one!.patient.pseudonym);
        await schema.sql('DELETE FROM S.vault_identifiers');
        await schema.sql('VACUUM S.vault_identifiers');
        await schema.sql('SELECT pg_switch_wal()');
        await schema.sql('CHECKPOINT');
        expect(findInFolder(dataFolder ?? '', secrets.slice(1))).not.toEqual([]);
        await vault.rotateTenantKey(randomBytes(32)); // what moves rows also takes their old form out of the files
        expect(findInFolder(dataFolder ?? '', secrets)).toEqual([]);
      });
    },
  );

  it('keeps no statistics of what it may have to destroy', async () => {
    await vault.findOrCreate(Array.from({ length: 300 }, (_, at) => [mrn(at)]));
    for (const table of ['vault_patients', 'vault_identifiers', 'vault_secrets'])
      await schema.sql(`ANALYZE S.${table}`);
    const columns = await schema.sql('SELECT attname FROM pg_stats WHERE schemaname = $1', [schema.name]);
    const names = columns.map(({ attname }) => attname);
    expect(names).toContain('pseudonym');
    expect(names).not.toEqual(expect.arrayContaining(['digest']));
    expect(names.filter((name) => ['digest', 'sealed', 'wrapped'].includes(String(name)))).toEqual([]);
  });

  it('says that it is not proven while an older transaction can still read the rows, and proves it afterwards', async () => {
    const [one] = await vault.findOrCreate([[mrn(1), alias(1)]]);
    const { pseudonym } = one!.patient;
    const reader = schema.pool();
    await reader.use(async (client) => {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await client.query(`SELECT 1 FROM ${schema.name}.vault_secrets`);
      await vault.startErasure(mrn(1));
      await expect(vault.finishErasure([pseudonym])).rejects.toMatchObject({
        code: 'ERASURE_UNPROVEN',
        retryable: true,
      });
      await client.query('ROLLBACK');
    });
    expect(await vault.pendingErasures()).toEqual([pseudonym]);
    expect(await erase(1)).toEqual({ kind: 'unknown', proven: [pseudonym] });
    expect(await vault.pendingErasures()).toEqual([]);
  });

  it('works while other instances look up and make patients', async () => {
    const beside = await PostgresPatientVault.open(schema.pool(), { schema: schema.name, tenantKeys: () => [key] });
    await vault.findOrCreate([[mrn(1), alias(1)]]);
    let isErasing = true;
    const intake = (async () => {
      let made = 0;
      for (; isErasing; made += 1) expect((await beside.findOrCreate([[mrn(100 + made)]]))[0]?.isNew).toBe(true);
      return made;
    })();
    expect(await erase(1)).toMatchObject({ kind: 'erased', identifiers: 2 });
    isErasing = false;
    expect(await intake).toBeGreaterThan(0);
  });
});
