import type { Version } from './ledger.ts';

/** Whether two versions are one; a key that is absent on both sides has no version and is the same. */
export function sameVersion(a: Version | undefined, b: Version | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && a.blockNum === b.blockNum && a.txNum === b.txNum;
}

/** `12:0` for people; "absent" for a key without a version. */
export function versionText(version: Version | undefined): string {
  return version === undefined ? 'absent' : `${version.blockNum}:${version.txNum}`;
}
