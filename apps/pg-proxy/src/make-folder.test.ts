import { expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from './make-folder.ts';

it('makes a folder and its parents, and accepts existing ones', async () => {
  const root = mkdtempSync(join(tmpdir(), 'medrex-folder-'));
  const folder = join(root, 'of', 'its', 'own');
  await makeFolder(folder);
  await makeFolder(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  rmSync(root, { recursive: true });
});

(process.platform === 'linux' ? it : it.skip)('says that nothing can be made in a folder of the kernel', async () => {
  await expect(makeFolder('/proc/of/its/own')).rejects.toThrow('ENOENT');
});
