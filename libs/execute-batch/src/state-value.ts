import { canonicalJson, type JsonLike } from './canonical-json.ts';
import { type JsonObject, Reject } from './contract.ts';

/**
 * The bytes of a state value: canonical JSON of the facts, with each sealed body as a base64 string field; the same
 * text as `canonicalJson({ ...facts, [field]: body as text })`.
 * @param bodies by field name, e.g. `{ body: operation.bodies[0] }`; each is base64 text as bytes, as in operations.
 * Undefined ones are left out.
 * @throws Reject INVALID_BODY if a body is not base64 text, since it could end its string
 */
export function stateValue(
  facts: { readonly [field: string]: JsonLike | undefined },
  bodies: Readonly<Record<string, Uint8Array | undefined>> = {},
): Uint8Array {
  const entries = Object.entries(bodies).filter((entry): entry is [string, Uint8Array] => entry[1] !== undefined);
  if (entries.length === 0) return Buffer.from(canonicalJson(facts));
  const texts = Object.fromEntries(entries.map(([field, body]) => [field, base64Text(body)]));
  // Bodies come first, since `body` sorts before most names and sorted names save time, and again last, so that they
  // override facts of the same name.
  return Buffer.from(canonicalJson({ ...texts, ...facts, ...texts }));
}

/** A state value as JSON, bodies as base64 strings; undefined for an absent value. */
export function parseStateValue(value: Uint8Array | undefined): JsonObject | undefined {
  if (value === undefined) return undefined;
  return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()) as JsonObject;
}

const base64Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=';
const isBase64 = new Uint8Array(256);
for (const character of Buffer.from(base64Alphabet)) isBase64[character] = 1;

function base64Text(body: Uint8Array): string {
  const { length } = body;
  // With index and table: 1 ns per byte; an iterator or a regular expression takes two to ten times as long.
  for (let at = 0; at < length; at++) {
    if (isBase64[body[at] as number] !== 1) throw new Reject('INVALID_BODY', 'a body is no base64 text');
  }
  return Buffer.from(body.buffer, body.byteOffset, length).toString('latin1');
}
