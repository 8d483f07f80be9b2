import { frontend as from, parseComplete, type Framer, type Report } from '@medrex/pg-wire';
import type { SqlAnalyser } from '@medrex/sql';
import type { ClientCache, Question } from '../../cache/client-cache.ts';
import { readExtendedQuery, type ExtendedQuery } from '../../cache/extended-query.ts';
import type { Answer } from '../../cache/recorder.ts';
import type { Client } from './client.ts';
import type { ClientMessages } from './client-messages.ts';
import type { ClientHost } from './client-options.ts';
import { analysisOf, type Analysed } from './request.ts';

/** What a client asks with the current message, or with the series of messages up to the next Sync. */
interface AskedQuestion {
  readonly question: Question;
  readonly kind: 'query' | 'execute';
  readonly prepared: Analysed | undefined;
  readonly parsed: ExtendedQuery['parsed'];
}

/** A longer simple query is not one that an application repeats. */
const textBytesMax = 16 * 1024;

export interface CachedAnswersOptions {
  readonly client: Client;
  readonly messages: ClientMessages;
  readonly framer: Framer;
  readonly analyser: SqlAnalyser;
  readonly host: ClientHost;
}

/** Answers one client's questions without a backend: from the cache, or from an identical question that another client is asking now. */
export class CachedAnswers {
  /** Undefined: nothing is cached for this client. */
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

  /** True: the current message has been answered or refused, or now waits for another client's answer. */
  tryAnswer(cache: ClientCache): boolean {
    const asked = this.#readQuestion();
    if (asked === undefined) return false;
    const client = this.#client;
    const found = cache.lookUp(asked.question, {
      settings: client.settingsKey,
      then: (answer, shed) => client.contain(() => this.#otherAnswered(asked, answer, shed)),
      shed: () => this.#host.shedReport(client, { text: asked.question.text, isWhole: true, analysis: undefined }),
    });
    switch (found?.kind) {
      case 'hit':
        this.#answer(asked, found.answer);
        return true;
      case 'awaited':
        client.wait.begin(() => found.stopWaiting());
        return true;
      case 'shed':
        client.wait.beginCheckout();
        client.refused(found.report);
        return true;
      default:
        return false;
    }
  }

  /** The other client's answer has arrived; or it never will, and this client asks the server itself. */
  #otherAnswered(asked: AskedQuestion, answer: Answer | undefined, shed: Report | undefined): void {
    const client = this.#client;
    const messages = this.#messages;
    client.wait.end();
    if (client.hasLeft) return;
    client.readAt = this.#host.now();
    if (shed !== undefined) return client.refused(shed);
    if (answer !== undefined) this.#answer(asked, answer);
    else messages.requestBackend(messages.readText());
    if (answer === undefined && client.backend !== undefined) messages.forward(client.backend);
    // Needed even if the client waits again: messages in front of the wait may not have been sent yet.
    messages.continueReading();
  }

  #answer(asked: AskedQuestion, answer: Answer): void {
    this.#sendAnswer(asked, answer);
    const request = this.#messages.requests.noteOf(asked.kind, asked.question.text, undefined, asked.prepared);
    if (request === undefined) return;
    const { readAt } = this.#client;
    request.firstAt = readAt;
    request.bytes = answer.bytes.length;
    request.completed(answer.tag);
    request.ended(readAt);
  }

  /** Undefined: only a backend can answer. */
  #readQuestion(): AskedQuestion | undefined {
    const { type, isFirst, isLast } = this.#framer;
    if (!isFirst || !isLast) return undefined;
    if (type === from.query) return this.#query();
    return type === from.parse || type === from.bind ? this.#readExtended() : undefined;
  }

  /** Sends the answer, and skips the messages that it answers. */
  #sendAnswer({ kind, parsed }: AskedQuestion, { bytes }: Answer): void {
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

  #query(): AskedQuestion | undefined {
    const { buffer, start, end } = this.#framer;
    if (end - start > textBytesMax) return undefined;
    const text = buffer.toString('latin1', start + 5, end - 1);
    const analysis = (): ReturnType<typeof analysisOf> => analysisOf(this.#analyser, text);
    return { kind: 'query', question: { text, rest: '', analysis }, prepared: undefined, parsed: undefined };
  }

  #readExtended(): AskedQuestion | undefined {
    const framer = this.#framer;
    const series = readExtendedQuery(framer.buffer, framer.start, framer.chunkEnd);
    if (series === undefined) return undefined;
    const { parsed, statement, isDescribed, bound } = series;
    const { statements } = this.#messages;
    // A name that is taken is the server's error to report.
    if (parsed !== undefined && parsed.name !== '' && statements.shared.has(parsed.name)) return undefined;
    const prepared = parsed === undefined ? statements.known(statement) : undefined;
    const key = parsed?.key ?? prepared?.key;
    if (key === undefined || key.length > textBytesMax) return undefined;
    const zero = key.indexOf('\0');
    const text = key.slice(0, zero);
    // A client that was told the row description must get rows of that shape: the server itself refuses where the shape has changed.
    const rest = `${isDescribed ? 'D' : 'E'}${prepared?.description?.shape ?? ''}${key.slice(zero)}\0${bound}`;
    const analysis = (): ReturnType<typeof analysisOf> => analysisOf(this.#analyser, text, prepared);
    return { kind: 'execute', question: { text, rest, analysis }, prepared, parsed };
  }
}
