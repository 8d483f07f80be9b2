import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeFolder } from './make-folder.ts';

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'medrex-folder-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a folder', () => {
  it('is made with those above it, with the rights asked for, and left as it is when it is there', () => {
    const deep = join(root, 'a', 'b');
    makeFolder(deep, { mode: 0o700 });
    makeFolder(deep, { mode: 0o755 });
    expect([join(root, 'a'), deep].map((folder) => statSync(folder).mode & 0o777)).toEqual([0o700, 0o700]);
  });

  it('is refused below a file', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => makeFolder(join(root, 'file'))).toThrow(/cannot be made \(ENOTDIR\)/);
    expect(() => makeFolder(join(root, 'file', 'below'))).toThrow(/ENOTDIR/);
  });

  it('ends in an error where the file system makes none', () => {
    // A process of its own: one that never comes back could not be timed out from within.
    const module = pathToFileURL(join(import.meta.dirname, 'make-folder.ts')).href;
    const script = `import { makeFolder } from '${module}'; makeFolder('/proc/medrex/log');`;
    const ended = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      timeout: 20_000,
      killSignal: 'SIGKILL',
      encoding: 'utf8',
    });
    expect(ended.signal).toBeNull();
    expect(ended.stderr).toMatch(/the folder \/proc\/medrex cannot be made \(ENOENT\)/);
  });
});
