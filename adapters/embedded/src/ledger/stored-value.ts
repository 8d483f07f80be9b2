import type { Version, VersionedValue } from '@medrex/ledger';

/** A value in the state database: six bytes of block number, four of position, the value. Big-endian. */
export const versionBytes = 10;

const absent = Buffer.alloc(versionBytes, 0xff);

/** Writes a version (all ones for none) and returns the next offset. */
export function writeVersion(into: Buffer, version: Version | undefined, at: number): number {
  if (version === undefined) return at + absent.copy(into, at);
  into.writeUIntBE(version.blockNum, at, 6);
  return into.writeUInt32BE(version.txNum, at + 6);
}

export function readVersion(from: Buffer, at: number): Version | undefined {
  const blockNum = from.readUIntBE(at, 6);
  const txNum = from.readUInt32BE(at + 6);
  return blockNum === 0xffff_ffff_ffff ? undefined : { blockNum, txNum };
}

/** Decodes a stored value without copying it. */
export function versionedValue(stored: Buffer): VersionedValue {
  const version = { blockNum: stored.readUIntBE(0, 6), txNum: stored.readUInt32BE(6) };
  return { version, value: stored.subarray(versionBytes) };
}
