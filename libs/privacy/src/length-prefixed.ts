/**
 * Bytes of a list of texts: for each its length in UTF-8 bytes (u32, big endian) and its UTF-8.
 * No two lists give the same bytes, which a separator between the parts could not promise.
 *
 * @param room bytes to leave free at the start, for whoever puts something before it.
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
