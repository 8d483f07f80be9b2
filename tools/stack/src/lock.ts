import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stackError } from './errors.ts';
import { identityOf } from './processes/identity.ts';

/** Locks a stack for one command at a time; returns a function that releases it. Takes over the lock of a killed command. */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'lock');
  const own = `${process.pid} ${identityOf(process.pid) ?? ''}`;
  const other = read(file);
  if (other !== undefined && isAlive(other))
    throw stackError('busy', `Another command is using ${folder} (process ${other.split(' ')[0] ?? ''}).`);
  if (other !== undefined) rmSync(file, { force: true });
  try {
    writeFileSync(file, own, { flag: 'wx' });
  } catch (cause) {
    throw stackError('busy', `Another command is using ${folder}.`, cause);
  }
  return () => {
    if (read(file) === own) rmSync(file, { force: true });
  };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function isAlive(text: string): boolean {
  const [pid = '', identity] = text.split(' ');
  return identity !== '' && identityOf(Number(pid)) === identity;
}
