import { createRequire } from 'node:module';

/** Linux's C library, by a foreign function interface, which says of each call what it did not do. @throws Error there is none for this machine */
export function openLibc() {
  // Only now: where nobody asks for it, it need not be there.
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  return { koffi, libc: koffi.load('libc.so.6') };
}
