import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tarGz } from './tar.ts';

const files = {
  'metadata.json': Buffer.from('{"type":"ccaas"}'),
  'META-INF/statedb/couchdb/indexes/pat.json': Buffer.alloc(513, 'x'),
  empty: Buffer.alloc(0),
};

describe('tarGz', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tar-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('can be unpacked by tar to the same files', () => {
    const archive = join(folder, 'a.tar.gz');
    writeFileSync(archive, tarGz(files));
    expect(spawnSync('tar', ['-xzf', archive, '-C', folder], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
    for (const [name, content] of Object.entries(files)) expect(readFileSync(join(folder, name))).toEqual(content);
  });

  it('is deterministic, because a package id is a hash of it', () => {
    expect(tarGz(files).equals(tarGz({ ...files }))).toBe(true);
  });

  it('refuses a name that is too long for its format', () => {
    expect(() => tarGz({ ['n'.repeat(101)]: Buffer.alloc(1) })).toThrow('longer than 100 bytes');
  });
});
