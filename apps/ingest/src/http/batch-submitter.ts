import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { MessageIdentifier } from '../identify.ts';
import type { Ingest } from '../ingest.ts';
import type { MessageResult } from '../message-result.ts';
import { bodyForm } from '../message/content-type.ts';
import { readHeaders, readHttpMessage } from '../message/http-message.ts';
import type { IncomingMessage, MessageAttributes } from '../message/incoming-message.ts';
import { readLine, splitLines, type Line } from '../message/ndjson.ts';
import { problem, type Problem } from '../problem.ts';
import { resultsInTime } from './deadline.ts';

export interface BatchLimits {
  readonly linesMax: number;
  readonly lineBytesMax: number;
  /** Bodies of at least this many bytes are parsed on a worker thread. */
  readonly unparsedFromBytes: number;
  /** How long a request waits for the operations log, in ms. */
  readonly appendWaitMs: number;
}

/** The result of one line. */
export type LineResult =
  { readonly line: number; readonly result: MessageResult } | { readonly line: number; readonly problem: Problem };

/** The results of a batch line by line, or of a single message (a Bundle), or the problem that refused the whole request. */
export type BatchResult =
  | { readonly kind: 'lines'; readonly lines: readonly LineResult[] }
  | { readonly kind: 'message'; readonly result: MessageResult }
  | { readonly kind: 'problem'; readonly problem: Problem };

/** Maximum lines, and bytes of lines, parsed and submitted as one run: a few milliseconds of work. */
const linesPerRun = 256;
const bytesPerRun = 512 * 1024;

/** Submits the body of `POST /v1/batches`, run by run and in the order of its lines. */
export class BatchSubmitter {
  readonly #ingest: Ingest;
  readonly #identifier: MessageIdentifier;
  readonly #limits: BatchLimits;

  constructor(ingest: Ingest, identifier: MessageIdentifier, limits: BatchLimits) {
    this.#ingest = ingest;
    this.#identifier = identifier;
    this.#limits = limits;
  }

  async submit(headers: IncomingHttpHeaders, body: Buffer, signal: AbortSignal): Promise<BatchResult> {
    if (body.length === 0) return { kind: 'problem', problem: problem('BODY_EMPTY') };
    return bodyForm(headers['content-type']) === 'ndjson'
      ? this.#submitLines(headers, body, signal)
      : this.#submitMessage(headers, body, signal);
  }

  async #submitMessage(headers: IncomingHttpHeaders, body: Buffer, signal: AbortSignal): Promise<BatchResult> {
    const reading = readHttpMessage(headers, body, this.#limits.unparsedFromBytes);
    if (reading.kind === 'problem') return reading;
    if (Array.isArray(reading.message.body))
      return { kind: 'problem', problem: problem('REQUEST_INVALID', { detail: arrayAdvice }) };
    const submitted = await this.#ingest.submit([this.#identifier.http(reading.message)], { waits: false, signal });
    const results = await resultsInTime(submitted.results, this.#limits.appendWaitMs);
    if ('problem' in results) return { kind: 'problem', problem: results.problem };
    return { kind: 'message', result: results[0] as MessageResult };
  }

  async #submitLines(headers: IncomingHttpHeaders, body: Buffer, signal: AbortSignal): Promise<BatchResult> {
    const { linesMax, appendWaitMs } = this.#limits;
    const attributes = readHeaders({ ...headers, 'content-type': undefined });
    if ('problem' in attributes) return { kind: 'problem', problem: attributes.problem };
    if (attributes.author !== undefined)
      return { kind: 'problem', problem: problem('ENVELOPE_INVALID', { detail: signedLineAdvice }) };
    const lines = splitLines(body, linesMax);
    if (lines.length > linesMax) return { kind: 'problem', problem: tooManyLines(linesMax) };
    if (lines.length === 0) return { kind: 'problem', problem: problem('BODY_EMPTY') };
    const isValidUtf8 = isUtf8(body);
    const policy = { waits: false, signal, sinceMs: performance.now() };
    const runs: (readonly LineRead[])[] = [];
    const results: Promise<readonly MessageResult[]>[] = [];
    for (const part of runsOf(lines)) {
      const read = part.map((line) => this.#read(body, line, isValidUtf8, attributes));
      const messages = read.flatMap((one) => ('message' in one ? [one.message] : []));
      const submitted = await this.#ingest.submit(messages, policy);
      runs.push(read);
      results.push(submitted.results);
    }
    const all = await resultsInTime(
      Promise.all(results).then((some) => some.flat()),
      appendWaitMs,
    );
    if ('problem' in all) return { kind: 'problem', problem: all.problem };
    return { kind: 'lines', lines: merge(runs.flat(), all) };
  }

  #read(body: Buffer, line: Line, isValidUtf8: boolean, ofRequest: MessageAttributes): LineRead {
    const reading = readLine(body, line, isValidUtf8, this.#limits.lineBytesMax);
    if (reading.kind === 'problem') return { line: line.number, problem: reading.problem };
    const { id: idPrefix, source, ...defaults } = ofRequest;
    const message = { ...reading.message, attributes: { ...defaults, ...reading.message.attributes } };
    const names = {
      part: line.number,
      ...(source !== undefined && { source }),
      ...(idPrefix !== undefined && { idPrefix }),
    };
    return { line: line.number, message: this.#identifier.http(message, names) };
  }
}

type LineRead =
  { readonly line: number; readonly message: IncomingMessage } | { readonly line: number; readonly problem: Problem };

const arrayAdvice = 'A JSON array is not a batch: send one message per line as application/x-ndjson, or a FHIR Bundle.';

const signedLineAdvice = 'A signature covers one message: put author into the line that it signs.';

function tooManyLines(limit: number): Problem {
  return problem('TOO_MANY_LINES', {
    detail: `The request has more than ${limit} lines; none of it was accepted.`,
    more: { limitLines: limit },
  });
}

function* runsOf(lines: readonly Line[]): Generator<readonly Line[]> {
  let start = 0;
  let bytes = 0;
  for (const [index, line] of lines.entries()) {
    bytes += line.end - line.start;
    if (index + 1 - start < linesPerRun && bytes < bytesPerRun) continue;
    yield lines.slice(start, index + 1);
    start = index + 1;
    bytes = 0;
  }
  if (start < lines.length) yield lines.slice(start);
}

function merge(read: readonly LineRead[], results: readonly MessageResult[]): readonly LineResult[] {
  let at = 0;
  return read.map((one) => ('problem' in one ? one : { line: one.line, result: results[at++] as MessageResult }));
}
