import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { erasePatient } from '@medrex/privacy';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EmbeddedPatientVault } from './embedded-patient-vault.ts';
import { findInFiles } from './find-in-files.ts';

const key = randomBytes(32);
const mrn = (value: number): { system: string; value: string } => ({ system: 'urn:example:mrn', value: `${value}` });
const alias = (value: number): { system: string; value: string } => ({
  system: 'urn:example:card',
  value: `card ${value}`.repeat(20),
});
let folder: string;
let files: readonly string[];
let vault: EmbeddedPatientVault;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'medrex-erasure-'));
  files = ['vault.db', 'vault.db-wal'].map((name) => join(folder, name));
  vault = await EmbeddedPatientVault.open({ folder, tenantKeys: () => [key] });
});
afterEach(async () => {
  await vault.close();
  rmSync(folder, { recursive: true });
});

/** Everything stored for a person: the wrapped data key, digests and sealed identifiers, read past the vault. */
function storedSecrets(pseudonym: string): readonly Uint8Array[] {
  const db = new DatabaseSync(join(folder, 'vault.db'), { readOnly: true });
  const rows = [
    ...db.prepare('SELECT wrapped AS secret FROM patients WHERE pseudonym = ?').all(pseudonym),
    ...db.prepare('SELECT digest AS secret FROM identifiers WHERE pseudonym = ?').all(pseudonym),
    ...db.prepare('SELECT sealed AS secret FROM identifiers WHERE pseudonym = ?').all(pseudonym),
  ];
  db.close();
  return rows.map(({ secret }) => secret as Uint8Array);
}

describe('erasure of a patient from the vault file', () => {
  it('leaves no byte of the wrapped key or the identifiers, in the database or its log, among thousands of rows', async () => {
    const found = await vault.findOrCreate(Array.from({ length: 3_000 }, (_, at) => [mrn(at), alias(at)]));
    const secrets: Uint8Array[] = [];
    for (let at = 0; at < 3_000; at += 150) {
      const own = storedSecrets(found[at]!.patient.pseudonym);
      expect(own).toHaveLength(5);
      expect(findInFiles(files, own)).toBeDefined(); // the search finds what is there
      secrets.push(...own);
      const erased = await erasePatient({
        vault,
        identifier: alias(at),
        liveOperations: async () => 0,
        sleep: async () => undefined,
      });
      expect(erased).toMatchObject({ kind: 'erased', dataKeys: 1, identifiers: 2 });
      expect(findInFiles(files, own)).toBeUndefined();
    }
    expect(findInFiles(files, secrets)).toBeUndefined();
    expect(statSync(join(folder, 'vault.db-wal')).size).toBeLessThan(32_768);
  });

  it('works while other processes have the vault open and write to it', async () => {
    const beside = await EmbeddedPatientVault.open({ folder, tenantKeys: () => [key] });
    const [one] = await vault.findOrCreate([[mrn(1)]]);
    const secrets = storedSecrets(one!.patient.pseudonym);
    let isErasing = true;
    const intake = (async () => {
      for (let at = 100; isErasing; at += 1) {
        await beside.findOrCreate([[mrn(at)]]);
        await new Promise(setImmediate);
      }
    })();
    await erasePatient({ vault, identifier: mrn(1), liveOperations: async () => 0, sleep: async () => undefined });
    isErasing = false;
    await intake;
    expect(findInFiles(files, secrets)).toBeUndefined();
    await beside.close();
  });

  it('rewrites the file when an earlier erasure was interrupted before its proof', async () => {
    const [one] = await vault.findOrCreate([[mrn(1), alias(1)]]);
    const { pseudonym } = one!.patient;
    const secrets = storedSecrets(pseudonym);
    await vault.startErasure(mrn(1));
    // As after a kill between the delete and the scrubbing, without secure_delete's help.
    const db = new DatabaseSync(join(folder, 'vault.db'));
    db.exec('PRAGMA secure_delete = OFF');
    db.exec("UPDATE patients SET state = 'destroyed', key_id = NULL, wrapped = NULL; DELETE FROM identifiers");
    db.close();
    expect(findInFiles(files, secrets)).toBeDefined();
    expect(await vault.pendingErasures()).toEqual([pseudonym]);
    // The identifier leads nowhere any more; calling again with it is all that an operator can do.
    const again = await erasePatient({
      vault,
      identifier: mrn(1),
      liveOperations: async () => 0,
      sleep: async () => undefined,
    });
    expect(again).toEqual({ kind: 'unknown', proven: [pseudonym] });
    expect(findInFiles(files, secrets)).toBeUndefined();
    expect(await vault.pendingErasures()).toEqual([]);
  });

  it('reports that it is not proven while another process keeps the log busy, and proves it afterwards', async () => {
    const [one] = await vault.findOrCreate([[mrn(1)], [mrn(2)]]);
    const { pseudonym } = one!.patient;
    const secrets = storedSecrets(pseudonym);
    const reader = new DatabaseSync(join(folder, 'vault.db'), { readOnly: true });
    reader.exec('BEGIN; SELECT count(*) FROM patients');
    reader.prepare('SELECT * FROM patients').get();
    await vault.startErasure(mrn(1));
    await expect(vault.finishErasure([pseudonym])).rejects.toMatchObject({ code: 'ERASURE_UNPROVEN', retryable: true });
    expect(await vault.pendingErasures()).toEqual([pseudonym]);
    reader.close();
    await vault.finishErasure([pseudonym]);
    expect(findInFiles(files, secrets)).toBeUndefined();
    expect(await vault.pendingErasures()).toEqual([]);
  });
});

describe('findInFiles', () => {
  it('finds half a secret, and one that spans two reads', () => {
    const file = join(folder, 'haystack');
    const secret = randomBytes(60);
    const chunk = 4 * 1024 * 1024;
    for (const at of [0, 1_000, chunk - 8, chunk - 15, chunk - 16]) {
      const haystack = Buffer.alloc(chunk + 1_000);
      secret.copy(haystack, at, 16, 32);
      writeFileSync(file, haystack);
      expect(findInFiles([file], [secret])).toBe(file);
    }
    writeFileSync(file, Buffer.alloc(chunk + 1_000));
    expect(findInFiles([file], [secret])).toBeUndefined();
  });
});
