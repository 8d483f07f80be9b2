import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The first executable of that name in these folders, or in those of PATH. */
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
