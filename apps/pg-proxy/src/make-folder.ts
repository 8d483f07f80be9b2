import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Creates a folder for this user only, and its parents. Node's own recursive mkdir never ends where nothing can be created, as in /proc.
 * @throws Error
 */
export async function makeFolder(folder: string): Promise<void> {
  if (await createOne(folder, true)) return;
  await makeFolder(dirname(folder));
  await createOne(folder, false);
}

/** @param mayLackParent a missing parent yields false and no error */
async function createOne(folder: string, mayLackParent: boolean): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && mayLackParent && dirname(folder) !== folder) return false;
    if (code !== 'EEXIST') throw error;
  }
  return true;
}
