import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The first executable of a name in the folders; PATH by default. */
export function findProgram(name: string, folders?: readonly string[]): string | undefined {
  const all = folders ?? (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return all.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
