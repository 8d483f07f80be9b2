import { accessSync, constants } from 'node:fs';
import { makeFolder } from '@medrex/embedded';
import { UsageError } from '../terminal/usage-error.ts';

/** Creates the data folder if it does not exist. @throws UsageError when it cannot be created or written */
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
