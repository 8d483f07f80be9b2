import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { irisError } from '../errors.ts';

const sources = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bridge');

/** The folder with the bridge's classes, compiled once per version of its sources in the user's cache folder. @throws CodedError IRIS_BRIDGE_UNUSABLE */
export async function compiledBridge(java: string): Promise<string> {
  const files = readdirSync(sources).map((name) => join(sources, name));
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  const folder = join(cacheFolder(), `iris-bridge-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  const unfinished = mkdtempSync(`${folder}.`);
  try {
    await promisify(execFile)(java === 'java' ? 'javac' : join(dirname(java), 'javac'), [
      '--release',
      '17',
      '-d',
      unfinished,
      ...files,
    ]);
    renameSync(unfinished, folder);
  } catch (cause) {
    rmSync(unfinished, { recursive: true, force: true });
    if (existsSync(folder)) return folder; // another process was faster
    throw irisError('IRIS_BRIDGE_UNUSABLE', `the bridge cannot be compiled: ${(cause as Error).message}`, { cause });
  }
  return folder;
}

/** A folder that only this user can write to, as its content is executed. */
function cacheFolder(): string {
  const folder = join(homedir(), '.cache', 'medrex');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  } catch {
    return mkdtempSync(join(tmpdir(), 'medrex-'));
  }
}
