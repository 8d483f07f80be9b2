// ECDSA signatures on P-256 come in pairs, (r, s) and (r, n - s). Fabric only accepts the one with s in the lower half of the
// order, so that a third party cannot derive a second valid signature.
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const halfOrder = order >> 1n;

/** Converts a signature (DER) to the lower s. */
export function lowS(signature: Uint8Array): Buffer {
  const { r, s } = parse(signature);
  if (s <= halfOrder) return Buffer.from(signature);
  const body = Buffer.concat([integer(r), integer(order - s)]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

/** Whether a signature (DER) has the lower s; false for an unreadable one. */
export function isLowS(signature: Uint8Array): boolean {
  try {
    return parse(signature).s <= halfOrder;
  } catch {
    return false;
  }
}

function parse(der: Uint8Array): { readonly r: bigint; readonly s: bigint } {
  const bytes = Buffer.from(der);
  const rLength = bytes[3] ?? 0;
  const sAt = 4 + rLength;
  const sLength = bytes[sAt + 1] ?? 0;
  const isWhole =
    bytes[0] === 0x30 && bytes[2] === 0x02 && bytes[sAt] === 0x02 && bytes.length === sAt + 2 + sLength && sLength > 0;
  if (!isWhole || rLength === 0) throw new Error('this is no ECDSA signature in DER');
  return { r: number(bytes.subarray(4, sAt)), s: number(bytes.subarray(sAt + 2)) };
}

const number = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);

function integer(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  const positive = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return Buffer.concat([Buffer.from([0x02, positive.length]), positive]);
}
