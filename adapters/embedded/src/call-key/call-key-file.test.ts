import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultCallKeyFile, openCallSecret } from './call-key-file.ts';

const invalid = expect.objectContaining({ code: 'CALL_KEY_INVALID' });

describe('openCallSecret', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'medrex-call-key-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('creates one key for a data folder, readable by its owner only, and finds it again', () => {
    const made = openCallSecret(folder);
    expect(made).toHaveLength(32);
    expect(statSync(defaultCallKeyFile(folder)).mode & 0o777).toBe(0o600);
    expect(openCallSecret(folder)).toEqual(made);
  });

  it('prefers the environment to a file, and a configured file to its own', () => {
    const file = join(folder, 'mounted');
    writeFileSync(file, 'ab'.repeat(32));
    expect(Buffer.from(openCallSecret(folder, { file })).toString('hex')).toBe('ab'.repeat(32));
    expect(Buffer.from(openCallSecret(folder, { env: 'cd'.repeat(32), file })).toString('hex')).toBe('cd'.repeat(32));
  });

  it('reports the problem without the text', () => {
    expect(() => openCallSecret(folder, { env: 'secret words' })).toThrow(invalid);
    expect(() => openCallSecret(folder, { env: 'secret words' })).not.toThrow(/secret words/);
    expect(() => openCallSecret(folder, { env: `${'ab'.repeat(32)} ${'cd'.repeat(32)}` })).toThrow(/never rotated/);
    expect(() => openCallSecret(folder, { file: join(folder, 'absent') })).toThrow(invalid);
  });
});
