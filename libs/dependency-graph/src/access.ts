import type { AccessMode } from '@medrex/keys';

/**
 * What an operation does with a key, as bits. Each queue entry has them; a key declared twice combines the bits of
 * both.
 */
export const READS = 1;
export const WRITES = 2;
/**
 * Creates the key if absent, else checks for equal content. The first live ensure of a key is a writer, the others are
 * readers.
 */
export const ENSURES = 4;

/** The bits of a mode; 0 for the commuting modes, which write keys of their own and so never queue. */
export function accessOf(mode: AccessMode): number {
  switch (mode) {
    case 'readWrite':
      return READS | WRITES;
    case 'read':
      return READS;
    case 'write':
      return WRITES;
    case 'ensure':
      return ENSURES;
    case 'append':
    case 'delta':
      return 0;
  }
}

/** Combines two accesses of one operation to one key. An ensure also reads, so only a write changes it. */
export function bothAccesses(one: number, other: number): number {
  const both = one | other;
  if ((both & ENSURES) === 0) return both;
  return (both & WRITES) === 0 ? ENSURES : READS | WRITES;
}
