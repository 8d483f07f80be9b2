/** A text without its literals, comments and layout; equal for texts that differ only in these. */
export interface Skeleton {
  /** The tokens, each literal replaced by a mark of its kind: texts with equal keys have the same tokens for the grammar. */
  readonly key: string;
  /** Whether the key alone determines how the grammar reads the text. */
  readonly isReliable: boolean;
  /** The highest `$n` of the text. */
  readonly parametersMax: number;
  /** Number of tokens, which parse time is proportional to. A semicolon counts for the statement that it ends. */
  readonly tokens: number;
}

export const tokensOfStatement = 8;

const bytesMax = 4_096;
const digitsMax = 9;
/** Buffer for a text to scan, with a zero byte behind it. */
const written = Buffer.alloc(bytesMax + 1);
/** The key being built; a literal of one digit takes two bytes of it. */
const key = Buffer.alloc(2 * bytesMax);
/** Results of the last scan; its key is the first `size` bytes of `key`. */
const found = { size: 0, tokens: 0, parametersMax: 0 };

const mark = 0x01;
const ofString = 0x73;
const ofInteger = 0x69;
const ofNumber = 0x66;
const space = 0x20;
const doubleQuote = 0x22;
const dollar = 0x24;
const ampersand = 0x26;
const quote = 0x27;
const star = 0x2a;
const dash = 0x2d;
const dot = 0x2e;
const slash = 0x2f;
const semicolon = 0x3b;

/** The kind of token that a byte begins; 0: not a plain one. */
const begins = new Uint8Array(256);
const gap = 1;
const word = 2;
const integer = 3;
const sign = 4;
/** Bytes that may follow the first one of a word. */
const inWord = new Uint8Array(256).fill(1, 128);
const isDigit = new Uint8Array(256).fill(1, 0x30, 0x3a);
/** Letters that may be the prefix of a string literal. */
const isPrefix = new Uint8Array(256);
begins.fill(sign, 0x21, 0x7f);
for (const code of [0x09, 0x0a, 0x0b, 0x0c, 0x0d, space]) begins[code] = gap;
for (let code = 0x30; code <= 0x39; code++) begins[code] = integer;
for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_') begins[letter.charCodeAt(0)] = word;
for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789$')
  inWord[letter.charCodeAt(0)] = 1;
for (const letter of 'eEbBxXnNuU') isPrefix[letter.charCodeAt(0)] = 1;

/**
 * The skeleton of a text of words, operators, integers, parameters and simple strings, as nearly all are: one pass that allocates only
 * the key. Undefined: use `carefulSkeletonOf`.
 */
export function plainSkeletonOf(text: string): Skeleton | undefined {
  if (text.length * 3 > bytesMax) return undefined;
  const length = written.write(text);
  written[length] = 0;
  if (!scan(written, 0, length, true)) return undefined;
  const { size, parametersMax, tokens } = found;
  return { key: key.toString('latin1', 0, size), isReliable: true, parametersMax, tokens };
}

/** The buffer where `scanNumbersKey` leaves the key. */
export const currentKey: Buffer = key;

/**
 * Scans an ASCII text without strings in `bytes[from, to)`, which a zero byte must follow. Returns the size of its key in `currentKey`, or
 * 0 for any other text. Texts with equal keys differ only in numbers and layout.
 */
export function scanNumbersKey(bytes: Buffer, from: number, to: number): number {
  return to - from <= bytesMax && bytes[to] === 0 && scan(bytes, from, to, false) ? found.size : 0;
}

/** Writes the key to `key`. False: the text is not plain. */
function scan(input: Buffer, from: number, length: number, mayHaveStrings: boolean): boolean {
  let size = 0;
  let tokens = 0;
  let parametersMax = 0;
  /** Size of the key behind its last literal. */
  let literalAt = -2;
  for (let at = from; at < length;) {
    const code = input[at] as number;
    const next = input[at + 1] as number;
    const begun = begins[code] as number;
    if (begun === gap) {
      at++;
      if (size > 0 && key[size - 1] !== space) key[size++] = space;
      continue;
    }
    tokens++;
    if (begun === word) {
      if ((next === quote || next === ampersand) && isPrefix[code] === 1) return false;
      for (let each = code; inWord[each] === 1; each = input[++at] as number) {
        if (each > 0x7f) return false;
        key[size++] = each;
      }
    } else if (begun === integer) {
      const first = at;
      while (isDigit[input[at] as number] === 1) at++;
      if (inWord[input[at] as number] === 1 || input[at] === dot) return false;
      key[size++] = mark;
      key[size++] = at - first <= digitsMax ? ofInteger : ofNumber;
      literalAt = size;
    } else if (begun !== sign) {
      return false;
    } else if (code === quote) {
      if (!mayHaveStrings) return false;
      at = endOfQuoted(input, at, length, quote);
      // After another literal it may be a continuation of it.
      if (at < 0 || size <= literalAt + 1) return false;
      key[size++] = mark;
      key[size++] = ofString;
      literalAt = size;
    } else if (code === doubleQuote) {
      const end = endOfQuoted(input, at, length, doubleQuote);
      if (end < 0) return false;
      while (at < end) {
        if ((input[at] as number) > 0x7f) return false;
        key[size++] = input[at++] as number;
      }
    } else if (code === dollar) {
      let number = 0;
      let end = at + 1;
      for (; isDigit[input[end] as number] === 1; end++) number = number * 10 + (input[end] as number) - 0x30;
      if (end === at + 1 || end - at > digitsMax || inWord[input[end] as number] === 1) return false;
      if (number > parametersMax) parametersMax = number;
      while (at < end) key[size++] = input[at++] as number;
    } else {
      if ((code === dash && next === dash) || (code === slash && next === star)) return false;
      if (code === dot && isDigit[next] === 1) return false;
      if (code === semicolon) tokens += tokensOfStatement - 1;
      key[size++] = code;
      at++;
    }
  }
  while (size > 0 && (key[size - 1] === semicolon || key[size - 1] === space)) size--;
  found.size = size;
  found.tokens = tokens;
  found.parametersMax = parametersMax;
  return true;
}

/** Offset behind the closing quote (a doubled quote does not close), or -1. */
function endOfQuoted(input: Buffer, open: number, length: number, mark: number): number {
  for (let at = open + 1; at < length; at++) {
    if (input[at] !== mark) continue;
    if (input[at + 1] !== mark) return at + 1;
    at++;
  }
  return -1;
}
