import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultTenantKeyFile, openEmbeddedVault } from '@medrex/embedded';
import { lookAtVault } from './doctor-vault.ts';
import { vaultFolder } from './open-vault.ts';

let data: string;
beforeEach(() => void (data = mkdtempSync(join(tmpdir(), 'medrex-doctor-'))));
afterEach(() => rmSync(data, { recursive: true, force: true }));

/** A vault as the first start makes it. */
async function makeVault(): Promise<void> {
  const { vault } = await openEmbeddedVault(vaultFolder(data), {}, true);
  await vault.tenantSubjectKey();
  await vault.close();
}

describe('the vault that doctor looks at', () => {
  it('may be missing before the first start, and is not made', async () => {
    expect(await lookAtVault(data)).toMatchObject({
      verdict: 'ok',
      found: expect.stringMatching(/none yet/) as unknown,
    });
    expect(await lookAtVault(data)).toMatchObject({ found: expect.stringMatching(/none yet/) as unknown });
  });

  it('is right when it opens', async () => {
    await makeVault();
    expect(await lookAtVault(data)).toMatchObject({ verdict: 'ok', found: 'opens with its tenant key' });
  });

  it.each([
    ['its key is gone', () => rmSync(defaultTenantKeyFile(vaultFolder(data)))],
    ['its key is another one', () => writeFileSync(defaultTenantKeyFile(vaultFolder(data)), 'ab'.repeat(32))],
    ['it is damaged', () => writeFileSync(join(vaultFolder(data), 'vault.db'), 'no database at all'.repeat(500))],
  ])('is a problem with a remedy when %s', async (_what, spoil) => {
    await makeVault();
    spoil();
    const finding = await lookAtVault(data);
    expect(finding).toMatchObject({ check: 'vault', verdict: 'problem' });
    expect(finding.remedy).toBeTruthy();
  });
});
