import { frontend as from, parseComplete, type Framer } from '@medrex/pg-wire';
import type { SqlAnalyser } from '@medrex/sql';
import type { Question } from '../cache/client-cache.ts';
import { seriesAt, type ExtendedSeries } from '../cache/extended-series.ts';
import type { Answer } from '../cache/recorder.ts';
import type { ClientStatements } from './client-statements.ts';
import type { Outbox } from './outbox.ts';
import { analysisOf, type Analysed } from './request.ts';

/** What a client asks with the message at hand, and with those up to the next Sync. */
export interface Asked {
  readonly question: Question;
  readonly kind: 'query' | 'execute';
  readonly prepared: Analysed | undefined;
  readonly parsed: ExtendedSeries['parsed'];
}

/** A simple query above this is none that is asked again and again. */
const textBytesMax = 16 * 1024;

/** The questions of one client that may be answered without a backend, by their messages. */
export class CachedAnswers {
  readonly #framer: Framer;
  readonly #statements: ClientStatements;
  readonly #analyser: SqlAnalyser;
  readonly #outbox: Outbox;

  constructor(client: { framer: Framer; statements: ClientStatements; analyser: SqlAnalyser; outbox: Outbox }) {
    this.#framer = client.framer;
    this.#statements = client.statements;
    this.#analyser = client.analyser;
    this.#outbox = client.outbox;
  }

  /** Undefined: it takes a backend. */
  asked(): Asked | undefined {
    const { type, isFirst, isLast } = this.#framer;
    if (!isFirst || !isLast) return undefined;
    if (type === from.query) return this.#query();
    return type === from.parse || type === from.bind ? this.#series() : undefined;
  }

  /** Tells the answer, and passes over what it is the answer to. */
  answer({ kind, parsed }: Asked, { bytes }: Answer): void {
    if (kind === 'query') this.#statements.forgetUnnamed(undefined);
    if (parsed !== undefined) {
      const { name, key, start, end } = parsed;
      this.#statements.parsedHere(name, key, this.#framer.buffer.subarray(start, end));
      this.#outbox.push(parseComplete());
    }
    this.#outbox.push(bytes);
    if (kind === 'execute') while (this.#framer.next() && this.#framer.type !== from.sync);
  }

  #query(): Asked | undefined {
    const { buffer, start, end } = this.#framer;
    if (end - start > textBytesMax) return undefined;
    const text = buffer.toString('latin1', start + 5, end - 1);
    const analysis = (): ReturnType<typeof analysisOf> => analysisOf(this.#analyser, text);
    return { kind: 'query', question: { text, rest: '', analysis }, prepared: undefined, parsed: undefined };
  }

  #series(): Asked | undefined {
    const framer = this.#framer;
    const series = seriesAt(framer.buffer, framer.start, framer.chunkEnd);
    if (series === undefined) return undefined;
    const { parsed, statement, isDescribed, bound } = series;
    // The server says it best that a name is taken.
    if (parsed !== undefined && parsed.name !== '' && this.#statements.has(parsed.name)) return undefined;
    const prepared = parsed === undefined ? this.#statements.known(statement) : undefined;
    const key = parsed?.key ?? prepared?.key;
    if (key === undefined || key.length > textBytesMax) return undefined;
    const zero = key.indexOf('\0');
    const text = key.slice(0, zero);
    const rest = `${isDescribed ? 'D' : 'E'}${key.slice(zero)}\0${bound}`;
    const analysis = (): ReturnType<typeof analysisOf> => analysisOf(this.#analyser, text, prepared);
    return { kind: 'execute', question: { text, rest, analysis }, prepared, parsed };
  }
}
