import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listReplayPaths, readReplayFile } from './read-bundles.ts';

let folder = '';
const patient = Buffer.from('{"resourceType":"Patient"}');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'medrex-replay-'));
  await writeFile(join(folder, 'b.json.gz'), gzipSync(patient));
  await writeFile(join(folder, 'a.json'), patient);
  await writeFile(join(folder, 'half.json.gz'), gzipSync(patient).subarray(0, 20));
  await writeFile(join(folder, 'empty.json'), '');
  await writeFile(join(folder, 'notes.txt'), 'not FHIR');
});

afterAll(() => rm(folder, { recursive: true }));

describe('replayed files', () => {
  it('of a folder are its FHIR files, sorted by name', async () => {
    const paths = await listReplayPaths([folder]);
    expect(paths.map((path) => path.slice(folder.length + 1))).toEqual([
      'a.json',
      'b.json.gz',
      'empty.json',
      'half.json.gz',
    ]);
  });

  it('are decompressed, and named by their content', async () => {
    const [plain, packed] = await Promise.all([
      readReplayFile(join(folder, 'a.json')),
      readReplayFile(join(folder, 'b.json.gz')),
    ]);
    expect(packed).toMatchObject({ name: 'b.json.gz', bytes: patient });
    expect('digest' in plain && 'digest' in packed && plain.digest === packed.digest).toBe(true);
  });

  it.each([
    ['half.json.gz', 'is not a complete gzip file'],
    ['empty.json', 'is empty'],
    ['missing.json', 'cannot be read (ENOENT)'],
  ])('that cannot be read are returned with the reason: %s', async (name, problem) => {
    expect(await readReplayFile(join(folder, name))).toEqual({ name, problem });
  });

  it('that do not exist are named', async () => {
    await expect(listReplayPaths([join(folder, 'nowhere')])).rejects.toThrow(/there is no file or folder/);
  });
});
