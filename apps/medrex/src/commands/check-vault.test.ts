import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultTenantKeyFile, openEmbeddedVault } from '@medrex/embedded';
import { checkVault } from './check-vault.ts';
import { vaultFolder } from './open-vault.ts';

let data: string;
beforeEach(() => void (data = mkdtempSync(join(tmpdir(), 'medrex-doctor-'))));
afterEach(() => rmSync(data, { recursive: true, force: true }));

/** Creates a vault like the first start. */
async function makeVault(): Promise<void> {
  const { vault } = await openEmbeddedVault(vaultFolder(data), {}, true);
  await vault.tenantSubjectKey();
  await vault.close();
}

describe('the check of the vault by doctor', () => {
  it('passes before the first start, without creating a vault', async () => {
    expect(await checkVault(data)).toMatchObject({
      verdict: 'ok',
      found: expect.stringMatching(/none yet/) as unknown,
    });
    expect(await checkVault(data)).toMatchObject({ found: expect.stringMatching(/none yet/) as unknown });
  });

  it('passes when the vault can be opened', async () => {
    await makeVault();
    expect(await checkVault(data)).toMatchObject({ verdict: 'ok', found: 'opens with its tenant key' });
  });

  it.each([
    ['its key is gone', () => rmSync(defaultTenantKeyFile(vaultFolder(data)))],
    ['its key is another one', () => writeFileSync(defaultTenantKeyFile(vaultFolder(data)), 'ab'.repeat(32))],
    ['it is damaged', () => writeFileSync(join(vaultFolder(data), 'vault.db'), 'no database at all'.repeat(500))],
  ])('reports a problem with a remedy when %s', async (_what, spoil) => {
    await makeVault();
    spoil();
    const finding = await checkVault(data);
    expect(finding).toMatchObject({ check: 'vault', verdict: 'problem' });
    expect(finding.remedy).toBeTruthy();
  });
});
