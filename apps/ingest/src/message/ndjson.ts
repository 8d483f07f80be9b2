import { isUtf8 } from 'node:buffer';
import { problem } from '../problem.ts';
import { readEnvelope } from './envelope.ts';
import type { Reading } from './incoming-message.ts';
import { parseJsonText, withoutByteOrderMark } from './json-text.ts';

const newline = 0x0a;

/** A line of an NDJSON body: its number (from 1) and its byte range. */
export interface Line {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

/** The non-blank lines; `\r\n` also ends a line, and a leading byte order mark is skipped. Stops at `max` + 1 lines, to bound memory. */
export function splitLines(body: Buffer, max: number): readonly Line[] {
  const lines: Line[] = [];
  let start = body.length - withoutByteOrderMark(body).length;
  for (let number = 1; start < body.length && lines.length <= max; number += 1) {
    const at = body.indexOf(newline, start);
    const next = at < 0 ? body.length : at;
    const end = body[next - 1] === 0x0d && next > start ? next - 1 : next;
    if (!isBlank(body, start, end)) lines.push({ number, start, end });
    start = next + 1;
  }
  return lines;
}

function isBlank(body: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (body[at] !== 0x20 && body[at] !== 0x09) return false;
  return true;
}

/** Reads one line as a message. @param isValidUtf8 true when the whole body was already checked */
export function readLine(body: Buffer, line: Line, isValidUtf8: boolean, bytesMax: number): Reading {
  if (line.end - line.start > bytesMax) {
    const detail = `The line has ${line.end - line.start} bytes; the limit is ${bytesMax}.`;
    return { kind: 'problem', problem: problem('LINE_TOO_LARGE', { detail, more: { limitBytes: bytesMax } }) };
  }
  const json = body.subarray(line.start, line.end);
  if (!isValidUtf8 && !isUtf8(json)) return { kind: 'problem', problem: problem('BODY_NOT_UTF8') };
  const parsed = parseJsonText(body.toString('utf8', line.start, line.end));
  return parsed.kind === 'problem' ? parsed : readEnvelope(parsed.value, json);
}
