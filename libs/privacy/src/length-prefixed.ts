/**
 * Encodes a list of texts: for each its length in UTF-8 bytes (u32, big endian) and its UTF-8. Different lists give
 * different bytes, which a separator could not guarantee.
 * @param room bytes to leave free at the start
 */
export function lengthPrefixed(parts: readonly string[], room = 0): Buffer {
  let length = room;
  for (const part of parts) length += 4 + Buffer.byteLength(part);
  const bytes = Buffer.allocUnsafe(length);
  let at = room;
  for (const part of parts) {
    const written = bytes.write(part, at + 4);
    bytes.writeUInt32BE(written, at);
    at += 4 + written;
  }
  return bytes;
}
