import { KeyedHash } from './keyed-hash.ts';

/** The permanent name of an operation; `attempt` is 0, and increases with each resend of a dead letter. */
export interface OperationName {
  readonly source: string;
  readonly id: string;
  readonly item: number;
  readonly attempt: number;
}

/** Hex characters of every id: 128 bits, so that the first collision is expected after 2^64 ids. */
const idCharacters = 32;

/**
 * The id of an operation: the same message always has the same id, so a crash between append and acknowledgement is
 * harmless.
 * @param identityKey the channel's identity key, 32 bytes, never rotated
 */
export function operationId(identityKey: Uint8Array, name: OperationName): string {
  return keyedHash(identityKey, 'operation', [name.source, name.id, String(name.item), String(name.attempt)]);
}

/**
 * Keyed hash of a message's source bytes, which distinguishes a repeat from another message under the same name and
 * reveals nothing else.
 */
export function sourceHash(identityKey: Uint8Array, bytes: Uint8Array): string {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(bytes.length);
  const head = Buffer.concat([framed(['source']), length]);
  return prepared(identityKey).hex(head, bytes).slice(0, idCharacters);
}

/** An id made from `parts`: of a resource, an identifier, a message without an id. Different lists of parts give different ids. */
export function mintId(identityKey: Uint8Array, ...parts: readonly string[]): string {
  return keyedHash(identityKey, 'minted', parts);
}

/**
 * HMAC-SHA256 over the domain and the parts, each prefixed by its length, so that different lists give different input.
 */
function keyedHash(key: Uint8Array, domain: string, parts: readonly string[]): string {
  return prepared(key)
    .hex(framed([domain, ...parts]))
    .slice(0, idCharacters);
}

/** Cache of prepared keys, since the same few keys are used for everything. */
const preparedKeys = new WeakMap<Uint8Array, KeyedHash>();

function prepared(key: Uint8Array): KeyedHash {
  const known = preparedKeys.get(key);
  if (known !== undefined) return known;
  const made = new KeyedHash(key);
  preparedKeys.set(key, made);
  return made;
}

/** Marks the length of UTF-16 text. No part has 2 GiB, so the bit is free. */
const isUtf16 = 0x8000_0000;

/** Every part after its length in one buffer, because a call of the hash costs as much as hashing a kilobyte. */
function framed(parts: readonly string[]): Uint8Array {
  let bytesMax = 0;
  for (const part of parts) bytesMax += 4 + part.length * 3; // UTF-8 of a UTF-16 unit has at most three bytes
  const bytes = Buffer.allocUnsafe(bytesMax);
  let at = 0;
  for (const part of parts) {
    // UTF-8 cannot represent a lone surrogate: all of them would become U+FFFD, and two names could become equal.
    const isText = part.isWellFormed();
    const written = bytes.write(part, at + 4, isText ? 'utf8' : 'utf16le');
    bytes.writeUInt32BE(isText ? written : written + isUtf16, at);
    at += 4 + written;
  }
  return bytes.subarray(0, at);
}
