import { createHmac } from 'node:crypto';

/** What names one operation for ever; `attempt` is 0, and one higher for each resend of a dead letter. */
export interface OperationName {
  readonly source: string;
  readonly id: string;
  readonly item: number;
  readonly attempt: number;
}

/** Hex characters of every id: 128 bits, so that the first collision is expected after 2^64 ids. */
const idCharacters = 32;

/**
 * The id of an operation: the same message always mints the same, so a crash between append and acknowledgement does no harm.
 * @param identityKey the channel's identity key, 32 bytes, never rotated.
 */
export function operationId(identityKey: Uint8Array, name: OperationName): string {
  return keyedHash(identityKey, 'operation', [name.source, name.id, String(name.item), String(name.attempt)]);
}

/** Keyed hash of a message's source bytes: tells a repeat from another message under the same name, and nothing else about it. */
export function sourceHash(identityKey: Uint8Array, bytes: Uint8Array): string {
  return keyedHash(identityKey, 'source', [bytes]);
}

/** An id made from `parts`: of a resource, an identifier, a message without an id. Different lists of parts give different ids. */
export function mintId(identityKey: Uint8Array, ...parts: readonly string[]): string {
  return keyedHash(identityKey, 'minted', parts);
}

/** HMAC-SHA256 over the domain word and the parts, each behind its length, so that no two lists run together. */
function keyedHash(key: Uint8Array, domain: string, parts: readonly (string | Uint8Array)[]): string {
  const hmac = createHmac('sha256', key);
  for (const part of [domain, ...parts]) {
    const bytes = typeof part === 'string' ? textBytes(part) : { length: part.length, content: part };
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(bytes.length >>> 0);
    hmac.update(length).update(bytes.content);
  }
  return hmac.digest('hex').slice(0, idCharacters);
}

/** Marks a length as that of UTF-16 text. No part is 2 GiB long, so the bit is free. */
const isUtf16 = 0x8000_0000;

// UTF-8 has no form for a lone surrogate: the encoder would write U+FFFD for every one of them, and two names would become one.
function textBytes(text: string): { readonly length: number; readonly content: Uint8Array } {
  if (text.isWellFormed()) {
    const content = Buffer.from(text, 'utf8');
    return { length: content.length, content };
  }
  const content = Buffer.from(text, 'utf16le');
  return { length: content.length + isUtf16, content };
}
