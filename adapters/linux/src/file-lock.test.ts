import { expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFile } from './file-lock.ts';

(process.platform === 'linux' ? it : it.skip)('holds the lock until the file is closed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'medrex-lock-'));
  const [one, other] = [await open(join(folder, 'f'), 'a'), await open(join(folder, 'f'), 'a')];
  expect(lockFile(one.fd)).toBe(true);
  expect(lockFile(other.fd)).toBe(false);
  await one.close();
  expect(lockFile(other.fd)).toBe(true);
  await other.close();
  rmSync(folder, { recursive: true });
});
