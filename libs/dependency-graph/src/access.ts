import type { AccessMode } from '@medrex/keys';

/** What an operation does with a key, as bits: an entry of a queue carries them, and one key declared twice adds them up. */
export const READS = 1;
export const WRITES = 2;
/** Creates when absent, else finds equal content: a writer when it is the first live one of its key, else a reader. */
export const ENSURES = 4;

/** The bits of a mode; 0 for the commuting modes, which make a key of their own and so never queue. */
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

/** Both accesses of one operation to one key as one. An ensure reads, so that only a write changes it. */
export function bothAccesses(one: number, other: number): number {
  const both = one | other;
  if ((both & ENSURES) === 0) return both;
  return (both & WRITES) === 0 ? ENSURES : READS | WRITES;
}
