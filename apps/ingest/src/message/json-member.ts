const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/**
 * The source bytes of the value of a top-level member of a JSON object. The digest of an enveloped message covers these bytes of its
 * body, so that the same body has the same digest in every envelope. `json` must be a valid JSON object in UTF-8. Of duplicate
 * members the last counts, as in JSON.parse. Cost: one pass, about 1 ns per byte.
 *
 * @returns undefined when there is no such member; a name written with escapes is not found
 */
export function memberBytes(json: Uint8Array, name: string): Uint8Array | undefined {
  const wanted = quoted(name);
  let found: Uint8Array | undefined;
  let at = json.indexOf(0x7b) + 1;
  while (at > 0 && at < json.length) {
    const nameStart = json.indexOf(quote, at);
    if (nameStart < 0) break;
    const nameEnd = endOfString(json, nameStart);
    const valueStart = skipSpace(json, json.indexOf(0x3a, nameEnd) + 1);
    const valueEnd = endOfValue(json, valueStart);
    if (isAt(json, wanted, nameStart, nameEnd)) found = json.subarray(valueStart, trimmedEnd(json, valueEnd));
    if (json[valueEnd] !== comma) break;
    at = valueEnd + 1;
  }
  return found;
}

/** Cache of the quoted member names. */
const quotedNames = new Map<string, Uint8Array>();

function quoted(name: string): Uint8Array {
  const known = quotedNames.get(name);
  if (known !== undefined) return known;
  const bytes = Buffer.from(JSON.stringify(name));
  if (quotedNames.size < 16) quotedNames.set(name, bytes);
  return bytes;
}

function isAt(json: Uint8Array, wanted: Uint8Array, start: number, end: number): boolean {
  if (end - start !== wanted.length) return false;
  for (let i = 0; i < wanted.length; i += 1) if (json[start + i] !== wanted[i]) return false;
  return true;
}

/** The index behind the closing quote of the string that opens at `start`. */
function endOfString(json: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== quote) at += json[at] === backslash ? 2 : 1;
  return at + 1;
}

/** The index of the comma or bracket behind the value at `start`. */
function endOfValue(json: Uint8Array, start: number): number {
  let depth = 0;
  let at = start;
  while (at < json.length) {
    const byte = json[at];
    if (byte === quote) {
      at = endOfString(json, at);
      continue;
    }
    if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) return at;
      depth -= 1;
    } else if (byte === comma && depth === 0) return at;
    at += 1;
  }
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function skipSpace(json: Uint8Array, start: number): number {
  let at = start;
  while (isSpace(json[at])) at += 1;
  return at;
}

function trimmedEnd(json: Uint8Array, end: number): number {
  let at = end;
  while (isSpace(json[at - 1])) at -= 1;
  return at;
}
