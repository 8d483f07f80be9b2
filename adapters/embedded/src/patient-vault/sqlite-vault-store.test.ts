import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { privacyError, type PatientRow } from '@medrex/privacy';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteVaultStore } from './sqlite-vault-store.ts';

let folder: string;
let store: SqliteVaultStore;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'medrex-store-'));
  store = await SqliteVaultStore.open(join(folder, 'vault.db'), true);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const put = (pseudonym: string, error?: Error): Promise<void> =>
  store.transaction('write', async (rows) => {
    await rows.putPatients([{ pseudonym, state: 'active' }]);
    if (error) throw error;
  });
const stored = async (): Promise<readonly string[]> => {
  const rows: readonly PatientRow[] = await store.transaction('read', (all) => all.inState(['active']));
  return rows.map(({ pseudonym }) => pseudonym);
};

describe('SqliteVaultStore', () => {
  it('takes back what a refused job wrote, and keeps what shared its commit', async () => {
    const refused = privacyError('patientUnknown', 'x');
    const results = await Promise.allSettled([put('a'), put('b', refused), put('c')]);
    expect(results).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'PATIENT_UNKNOWN' } },
      { status: 'fulfilled' },
    ]);
    expect(await stored()).toEqual(['a', 'c']);
  });

  it('fails a whole group on an unexpected error, as it is unknown what was written', async () => {
    const results = await Promise.allSettled([put('a'), put('b', new Error('disk')), put('c')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(results[0]).toMatchObject({ reason: { code: 'VAULT_UNAVAILABLE', retryable: true } });
    expect(await stored()).toEqual([]);
    await put('d');
    expect(await stored()).toEqual(['d']);
  });

  it('answers reads in the order of the calls: after the writes before them', async () => {
    const [, first, , second] = await Promise.all([put('a'), stored(), put('b'), stored()]);
    expect([first, second]).toEqual([['a'], ['a', 'b']]);
  });

  it('takes more jobs than one commit holds', async () => {
    await Promise.all(Array.from({ length: 600 }, (_, at) => put(`p${at}`)));
    expect(await stored()).toHaveLength(600);
  });
});
