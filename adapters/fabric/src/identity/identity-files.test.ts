import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { testIdentities } from '../testing/identity-fixture.ts';
import { transactionIdOf } from './fabric-identity.ts';
import { IdentityFiles } from './identity-files.ts';

describe('IdentityFiles', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'identity-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const files = () => ({ certificate: join(folder, 'cert.pem'), privateKey: join(folder, 'key.pem') });
  const write = async ({ certificate, privateKey }: { certificate: string; privateKey: string }): Promise<void> => {
    await writeFile(files().certificate, certificate);
    await writeFile(files().privateKey, privateKey);
  };
  const { user, admin } = testIdentities;

  it('uses changed files, and finishes transactions named under the previous identity', async () => {
    await write(user);
    let reloads = 0;
    const identity = await IdentityFiles.open('Org1MSP', files(), { onReloaded: () => (reloads += 1) });
    const [before, nonce] = [identity.current, Buffer.alloc(24, 1)];
    const named = transactionIdOf(nonce, before);
    await identity.reload();
    expect([identity.current === before, reloads]).toEqual([true, 0]);
    await write(admin);
    await identity.reload();
    expect([identity.current === before, reloads]).toEqual([false, 1]);
    expect(identity.current.certificate.toString()).toBe(admin.certificate);
    expect(identity.named(nonce, named)).toBe(before);
    expect(identity.named(nonce, transactionIdOf(nonce, identity.current))).toBe(identity.current);
    expect(identity.named(nonce, 'f'.repeat(64))).toBeUndefined();
  });

  it('keeps its identity while the new files do not match, and uses them when they do', async () => {
    await write(user);
    const failures: unknown[] = [];
    const identity = await IdentityFiles.open('Org1MSP', files(), { onFailed: (error) => void failures.push(error) });
    const before = identity.current;
    await writeFile(files().certificate, admin.certificate);
    await identity.reload();
    expect(identity.current).toBe(before);
    expect(failures).toMatchObject([{ code: 'FABRIC_IDENTITY_UNUSABLE' }]);
    await write(admin);
    await identity.reload();
    expect(identity.current.certificate.toString()).toBe(admin.certificate);
  });

  it('keeps its identity when the new certificate has expired', async () => {
    await write(user);
    const failures: unknown[] = [];
    const identity = await IdentityFiles.open('Org1MSP', files(), { onFailed: (error) => void failures.push(error) });
    const before = identity.current;
    await write(admin);
    await identity.reload(Date.parse('2126-01-01'));
    expect(identity.current).toBe(before);
    expect(failures).toMatchObject([{ code: 'FABRIC_IDENTITY_EXPIRED' }]);
  });

  it('counts the days that are left', async () => {
    await write(user);
    const identity = await IdentityFiles.open('Org1MSP', files());
    const { validUntilMs } = identity.current;
    expect(identity.daysLeft(validUntilMs - 5 * 86_400_000)).toBe(5);
    expect(identity.daysLeft(validUntilMs + 86_400_000)).toBe(-1);
  });

  it.each([
    ['a key of another certificate', { certificate: user.certificate, privateKey: admin.privateKey }],
    ['something else than a certificate', { certificate: 'nothing', privateKey: user.privateKey }],
    ['something else than a key', { certificate: user.certificate, privateKey: 'nothing' }],
  ])('refuses %s', async (_, pair) => {
    await write(pair);
    await expect(IdentityFiles.open('Org1MSP', files())).rejects.toMatchObject({ code: 'FABRIC_IDENTITY_UNUSABLE' });
  });
});
