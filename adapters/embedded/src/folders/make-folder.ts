import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a folder and missing parents. One level at a time, because Node's recursive mkdir never ends on a file system
 * that answers ENOENT, as /proc does.
 */
export function makeFolder(folder: string, options: { readonly mode?: number } = {}): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  if (found !== undefined) throw cannotBeMade(folder, 'ENOTDIR');
  if (dirname(folder) !== folder) makeFolder(dirname(folder), options);
  try {
    mkdirSync(folder, options);
  } catch (error) {
    if (existsSync(folder)) return; // another process created it meanwhile
    throw cannotBeMade(folder, error instanceof Error && 'code' in error ? String(error.code) : 'unknown error', error);
  }
}

const cannotBeMade = (folder: string, code: string, cause?: unknown) =>
  Object.assign(new Error(`the folder ${folder} cannot be made (${code})`, { cause }), { code });
