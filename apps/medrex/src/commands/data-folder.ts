import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from '../terminal/usage-error.ts';

/** Makes the data folder where it is not there yet. @throws UsageError when it cannot be made or written. */
export function makeDataFolder(folder: string): void {
  try {
    makeFolder(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new UsageError(
      `${folder} cannot be used as data folder (${code})`,
      'Give another folder with --data, or change its owner.',
    );
  }
}

/** One level at a time: Node's own recursive mkdir never ends where a file system answers ENOENT to it, as /proc does. */
function makeFolder(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  if (found !== undefined) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  mkdirSync(folder);
}
