import { parseExactJson } from '@medrex/contracts';
import { isUtf8 } from 'node:buffer';
import { problem, type Problem } from '../problem.ts';

/** Parsed JSON, or the problem with it. */
export type JsonText =
  { readonly kind: 'json'; readonly value: unknown } | { readonly kind: 'problem'; readonly problem: Problem };

/** Parses UTF-8 JSON. Invalid UTF-8 is a problem rather than replaced; a byte order mark is skipped. */
export function parseJson(bytes: Buffer): JsonText {
  if (!isUtf8(bytes)) return { kind: 'problem', problem: problem('BODY_NOT_UTF8') };
  return parseJsonText(bytes.toString('utf8'));
}

/** The bytes without a leading byte order mark, not copied. */
export function withoutByteOrderMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** Parses text that was decoded from valid UTF-8. */
export function parseJsonText(text: string): JsonText {
  try {
    return { kind: 'json', value: parseExactJson(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text) };
  } catch (error) {
    return { kind: 'problem', problem: problem('BODY_NOT_JSON', { detail: positionOf(error) }) };
  }
}

/** The detail of a syntax error. V8's message quotes the text, which may hold a patient's name, so only its position is used. */
function positionOf(error: unknown): string {
  const position = /at position (\d+)(?: \(line (\d+) column (\d+)\))?/.exec(
    error instanceof Error ? error.message : '',
  );
  if (position === null) return 'The body is not valid JSON: it is incomplete, or does not begin like JSON.';
  const [, offset, line, column] = position;
  return `The body is not valid JSON at character ${String(offset)}${line === undefined ? '' : ` (line ${line}, column ${String(column)})`}.`;
}

/** True for a JSON object, as opposed to an array, a text, a number or null. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
