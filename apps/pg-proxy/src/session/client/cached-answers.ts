import { frontend as from, parseComplete, type Framer, type Report } from '@medrex/pg-wire';
import type { SqlAnalyser } from '@medrex/sql';
import type { ClientCache, Question } from '../../cache/client-cache.ts';
import { seriesAt, type ExtendedSeries } from '../../cache/extended-series.ts';
import type { Answer } from '../../cache/recorder.ts';
import type { Client } from './client.ts';
import type { ClientMessages } from './client-messages.ts';
import type { ClientHost } from './client-options.ts';
import { analysisOf, type Analysed } from './request.ts';

/** What a client asks with the message at hand, and with those up to the next Sync. */
interface Asked {
  readonly question: Question;
  readonly kind: 'query' | 'execute';
  readonly prepared: Analysed | undefined;
  readonly parsed: ExtendedSeries['parsed'];
}

/** A simple query above this is none that is asked again and again. */
const textBytesMax = 16 * 1024;

export interface CachedAnswersOptions {
  readonly client: Client;
  readonly messages: ClientMessages;
  readonly framer: Framer;
  readonly analyser: SqlAnalyser;
  readonly host: ClientHost;
}

/** Answers the questions of one client without a backend, where what it would say is known or somebody else is asking the same. */
export class CachedAnswers {
  /** Undefined: nothing of it is kept. */
  cache: ClientCache | undefined;
  readonly #client: Client;
  readonly #messages: ClientMessages;
  readonly #framer: Framer;
  readonly #analyser: SqlAnalyser;
  readonly #host: ClientHost;

  constructor({ client, messages, framer, analyser, host }: CachedAnswersOptions) {
    this.#client = client;
    this.#messages = messages;
    this.#framer = framer;
    this.#analyser = analyser;
    this.#host = host;
  }

  /** True: what the message at hand asks has been answered or refused, or its answer is waited for. */
  isKnown(cache: ClientCache): boolean {
    const asked = this.#asked();
    if (asked === undefined) return false;
    const client = this.#client;
    const found = cache.lookUp(asked.question, {
      settings: client.settingsKey,
      then: (answer, shed) => client.contain(() => this.#heard(asked, answer, shed)),
      shed: () => this.#host.shedOf(client, { text: asked.question.text, isWhole: true, analysis: undefined }),
    });
    switch (found?.kind) {
      case 'hit':
        this.#answer(asked, found.answer);
        return true;
      case 'awaited':
        client.wait.begin(() => found.stopWaiting());
        return true;
      case 'shed':
        client.wait.ask();
        client.refused(found.report);
        return true;
      default:
        return false;
    }
  }

  /** What somebody else has asked for is there; or it will not be, and this one asks himself. */
  #heard(asked: Asked, answer: Answer | undefined, shed: Report | undefined): void {
    const client = this.#client;
    const messages = this.#messages;
    client.wait.end();
    if (client.hasLeft) return;
    client.readAt = this.#host.now();
    if (shed !== undefined) return client.refused(shed);
    if (answer !== undefined) this.#answer(asked, answer);
    else messages.obtain(messages.askedText());
    if (answer === undefined && client.backend !== undefined) messages.ask(client.backend);
    // Also where it waits again: what that is for has yet to be sent.
    messages.goOn();
  }

  #answer(asked: Asked, answer: Answer): void {
    this.#tell(asked, answer);
    const request = this.#messages.requests.noteOf(asked.kind, asked.question.text, undefined, asked.prepared);
    if (request === undefined) return;
    const { readAt } = this.#client;
    request.firstAt = readAt;
    request.bytes = answer.bytes.length;
    request.completed(answer.tag);
    request.ended(readAt);
  }

  /** Undefined: it takes a backend. */
  #asked(): Asked | undefined {
    const { type, isFirst, isLast } = this.#framer;
    if (!isFirst || !isLast) return undefined;
    if (type === from.query) return this.#query();
    return type === from.parse || type === from.bind ? this.#series() : undefined;
  }

  /** Tells the answer, and passes over what it is the answer to. */
  #tell({ kind, parsed }: Asked, { bytes }: Answer): void {
    const { outbox, statements } = this.#messages;
    if (kind === 'query') statements.forgetUnnamed(undefined);
    if (parsed !== undefined) {
      const { name, key, start, end } = parsed;
      statements.parsedHere(name, key, this.#framer.buffer.subarray(start, end));
      outbox.push(parseComplete());
    }
    outbox.push(bytes);
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
    const { statements } = this.#messages;
    // The server says it best that a name is taken.
    if (parsed !== undefined && parsed.name !== '' && statements.shared.has(parsed.name)) return undefined;
    const prepared = parsed === undefined ? statements.known(statement) : undefined;
    const key = parsed?.key ?? prepared?.key;
    if (key === undefined || key.length > textBytesMax) return undefined;
    const zero = key.indexOf('\0');
    const text = key.slice(0, zero);
    // Who has been told how the rows look gets no others: the server refuses him where they have changed since.
    const rest = `${isDescribed ? 'D' : 'E'}${prepared?.told?.shape ?? ''}${key.slice(zero)}\0${bound}`;
    const analysis = (): ReturnType<typeof analysisOf> => analysisOf(this.#analyser, text, prepared);
    return { kind: 'execute', question: { text, rest, analysis }, prepared, parsed };
  }
}
