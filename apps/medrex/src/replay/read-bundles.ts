import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { UsageError } from '../terminal/usage-error.ts';

/** The bytes of a file with a FHIR resource. */
export interface ReplayFile {
  readonly name: string;
  /** SHA-256 of the bytes, hex: the message id, so that replaying a file again is recognised as a repeat. */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

export interface UnreadableFile {
  readonly name: string;
  readonly problem: string;
}

const isFhirFile = (name: string) => /\.(json|ndjson)(\.gz)?$/.test(name);

/** The files given by the arguments: files, the .json, .ndjson and .gz files directly in folders, and `-` for stdin. */
export async function listReplayPaths(paths: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(paths.map(async (path) => (path === '-' ? [path] : listOne(path))));
  const found = lists.flat();
  if (found.length === 0)
    throw new UsageError(
      `no FHIR files in ${paths.join(', ')}`,
      'Name .json, .ndjson or .gz files, a folder of them, or - for standard input.',
    );
  return found;
}

async function listOne(path: string): Promise<readonly string[]> {
  const about = await stat(path).catch(() => undefined);
  if (about === undefined) throw new UsageError(`there is no file or folder ${path}`);
  if (!about.isDirectory()) return [path];
  return (await readdir(path))
    .filter(isFhirFile)
    .toSorted()
    .map((name) => join(path, name));
}

/** Reads one path. An unreadable file is returned as a value, so that the others can continue. */
export async function readReplayFile(path: string): Promise<ReplayFile | UnreadableFile> {
  const name = path === '-' ? 'standard input' : basename(path);
  try {
    const raw = path === '-' ? await readStdin() : await readFile(path);
    const bytes = raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw;
    if (bytes.length === 0) return { name, problem: 'is empty' };
    return { name, bytes, digest: createHash('sha256').update(bytes).digest('hex') };
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
    const problem = code.startsWith('Z_')
      ? 'is not a complete gzip file'
      : `cannot be read (${code || 'unknown error'})`;
    return { name, problem };
  }
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
