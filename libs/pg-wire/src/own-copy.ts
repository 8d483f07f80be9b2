/**
 * A copy that may be kept for long. Node.js places small buffers together in blocks of 64 KiB, each of which stays as long as any of its
 * buffers.
 */
export function ownCopy(bytes: Uint8Array): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes);
  return own;
}
