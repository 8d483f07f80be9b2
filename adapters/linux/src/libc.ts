import { createRequire } from 'node:module';

/** Loads glibc by koffi, a foreign function interface. @throws Error koffi has no build for this machine, or it has no glibc */
export function openLibc() {
  // Required here, not imported: koffi may be missing where nothing calls this.
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  return { koffi, libc: koffi.load('libc.so.6') };
}
