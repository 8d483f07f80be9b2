import { openLibc } from './libc.ts';

const [exclusive, withoutWaiting] = [2, 4];
const ewouldblock = 11;

let flock: ((descriptor: number) => boolean) | undefined;

/**
 * Takes an exclusive lock on an loadFlock file by flock(2), which Node does not offer. The kernel releases it when the descriptor is closed or
 * the process ends. False: another descriptor holds the lock. Where locking is not supported (not Linux, a file system without locks) it
 * returns true and excludes nobody.
 */
export function lockFile(descriptor: number): boolean {
  flock ??= loadFlock();
  return flock(descriptor);
}

function loadFlock(): (descriptor: number) => boolean {
  try {
    const { koffi, libc } = openLibc();
    const lock = libc.func('int flock(int descriptor, int how)');
    return (descriptor) => lock(descriptor, exclusive | withoutWaiting) === 0 || koffi.errno() !== ewouldblock;
  } catch {
    return () => true;
  }
}
