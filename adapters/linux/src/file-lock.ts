import { openLibc } from './libc.ts';

const [exclusive, withoutWaiting] = [2, 4];
/** EWOULDBLOCK */
const isHeld = 11;

let opened: ((descriptor: number) => boolean) | undefined;

/**
 * Locks an open file by flock(2), for which Node has no call, until it is closed or the process ends, however it ends. False: it is
 * locked by another one. Where nothing can be locked (a system that is not Linux, a file system without locks) nobody is kept away.
 */
export function lockFile(descriptor: number): boolean {
  opened ??= open();
  return opened(descriptor);
}

function open(): (descriptor: number) => boolean {
  try {
    const { koffi, libc } = openLibc();
    const lock = libc.func('int flock(int descriptor, int how)');
    return (descriptor) => lock(descriptor, exclusive | withoutWaiting) === 0 || koffi.errno() !== isHeld;
  } catch {
    return () => true;
  }
}
