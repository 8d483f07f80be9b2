import { bind, cancelRequest, execute, parse, query, sync, terminate } from '@medrex/pg-wire';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Session, Step } from './random-steps.ts';
import { written } from './random-steps.ts';
import { Transcript } from './transcript.ts';
import { WireClient } from './wire-client.ts';

/** Logs in the client for this place; `wordOf` describes what it receives. */
export type OpenClient = (place: number, wordOf: Transcript['wordOf']) => Promise<WireClient>;

export interface SessionPairsOptions {
  readonly proxied: OpenClient;
  readonly direct: OpenClient;
  readonly clients: number;
  /** How many clients may hold a backend at once. */
  readonly backends: number;
  /** Whether the client with this port has a backend. */
  readonly hasBackend: (port: number) => boolean;
  /** A number that no client has had. */
  readonly nextTag: () => number;
  /** Removes what outlives the sessions. */
  readonly cleanUp: () => Promise<void>;
}

/** A client of the proxy and a direct one, which are sent the same. */
class Pair {
  readonly proxied: readonly [WireClient, Transcript];
  readonly direct: readonly [WireClient, Transcript];
  readonly tag: number;
  /** Set if something was sent without a Sync: the names that it prepares. */
  pending: Set<string> | undefined;
  /** The server's last status. */
  status = 'Z I';

  constructor(proxied: readonly [WireClient, Transcript], direct: readonly [WireClient, Transcript], tag: number) {
    this.proxied = proxied;
    this.direct = direct;
    this.tag = tag;
  }
}

const patienceMs = 20_000;
/** A statement runs by this time after it was sent, in ms. */
const untilItRunsMs = 150;
/** The last word of a session ended by the server, as after an internal error. */
const closed = 'closed';

/** A notification, and the place of the client that sent it. */
interface Heard {
  readonly channel: string;
  readonly payload: string;
  readonly by: number;
}
/** No place. */
const gone = -1;

/** Runs a random session: several clients on few backends, each beside a directly connected one. Throws what differs. */
export class SessionPairs {
  readonly #options: SessionPairsOptions;
  readonly #session: Session;
  readonly #pairs: Pair[] = [];
  readonly #history: string[] = [];

  private constructor(options: SessionPairsOptions, session: Session) {
    this.#options = options;
    this.#session = session;
  }

  static async run(options: SessionPairsOptions, session: Session): Promise<void> {
    const pairs = new SessionPairs(options, session);
    try {
      for (let place = 0; place < options.clients; place++) pairs.#pairs.push(await pairs.#open(place));
      for (const step of session.steps) await pairs.#step(step);
      for (let place = 0; place < options.clients; place++) {
        await pairs.#makeRoomFor(pairs.#pairs[place]!);
        await pairs.#rest(place);
      }
      pairs.#compareNotifications();
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${pairs.#history.join('\n')}`, { cause: error });
    } finally {
      for (const { proxied, direct } of pairs.#pairs) for (const [client] of [proxied, direct]) client.close();
      await options.cleanUp();
    }
  }

  async #open(place: number): Promise<Pair> {
    const [ours, theirs] = [new Transcript(), new Transcript()];
    const { proxied, direct, nextTag } = this.#options;
    const pair = new Pair(
      [await proxied(place, (...message) => ours.wordOf(...message)), ours],
      [await direct(place, (...message) => theirs.wordOf(...message)), theirs],
      nextTag(),
    );
    this.#compare(place, 'parameters at login', ours.parameters, theirs.parameters);
    return pair;
  }

  async #step(step: Step): Promise<void> {
    const pair = this.#pairs[step.client]!;
    if (step.does === 'leave') return this.#leave(step.client, step.how);
    await this.#makeRoomFor(pair);
    if (step.does === 'cancel') return this.#cancel(step.client, step);
    const { texts } = this.#session;
    const named = (text: string): string => text.replaceAll('@', String(pair.tag));
    const textOf = (at: number): string => named(texts[at % texts.length]!);
    const { bytes, ready, pending, said } = written(step, pair.pending, textOf, named);
    pair.pending = pending;
    await this.#tell(step.client, said, bytes, ready, Math.round(step.cut * bytes.length), step.pauseMs);
  }

  async #tell(place: number, said: string, bytes: Buffer, ready: number, cut = 0, pauseMs = 0): Promise<void> {
    const pair = this.#pairs[place]!;
    const { proxied, direct } = pair;
    this.#history.push(`${place}: ${said}`);
    for (const [client, letter] of [[direct[0], 'd'] as const, [proxied[0], 'p'] as const]) {
      const own = lettered(bytes, letter);
      client.send(own.subarray(0, cut));
      await (pauseMs === 0 ? immediate() : delay(pauseMs));
      client.send(own.subarray(cut));
    }
    return this.#hear(place, said, ready);
  }

  async #hear(place: number, said: string, ready: number, heard?: Promise<string[]>): Promise<void> {
    const pair = this.#pairs[place]!;
    const { proxied, direct, status } = pair;
    const theirs = comparable(await (heard ?? answer(direct[0], ready)), status);
    const ours = comparable(await answer(proxied[0], ready), status).map((word, at) => asWrong(word, theirs[at]));
    pair.status = theirs.findLast((word) => word.startsWith('Z')) ?? status;
    this.#compare(place, said, ours, theirs);
    if (ready > 0) this.#compare(place, `parameters after ${said}`, proxied[1].parameters, direct[1].parameters);
    if (theirs.at(-1) === closed) this.#pairs[place] = await this.#open(place);
  }

  async #cancel(place: number, { text, isExtended }: Step & { does: 'cancel' }): Promise<void> {
    const pair = this.#pairs[place]!;
    const asked = text?.replaceAll('@', String(pair.tag));
    const said = `cancelled: ${asked ?? 'nothing'}${isExtended ? ', extended' : ''}`;
    this.#history.push(`${place}: ${said}`);
    const isOpen = pair.pending !== undefined;
    pair.pending = undefined;
    const messages = [...(isOpen ? [sync()] : []), ...(asked === undefined ? [] : ask(asked, isExtended))];
    for (const [client] of [pair.direct, pair.proxied]) client.send(...messages);
    const ready = (isOpen ? 1 : 0) + (asked === undefined ? 0 : 1);
    if (asked !== undefined) await delay(untilItRunsMs);
    for (const [client] of [pair.proxied, pair.direct]) await cancel(client);
    const heard = answer(pair.direct[0], ready);
    const isLate = (): Promise<boolean> => Promise.race([heard.then(() => false), delay(2 * untilItRunsMs, true)]);
    // Without a proxy, a cancel request is lost on a statement that does not run yet.
    while (asked !== undefined && (await isLate())) await cancel(pair.direct[0]);
    return this.#hear(place, said, ready, heard);
  }

  /** No client waits here until another gives its backend back. */
  async #makeRoomFor(pair: Pair): Promise<void> {
    const { hasBackend, backends } = this.#options;
    const holds = ({ proxied, pending }: Pair): boolean =>
      pending !== undefined || hasBackend(proxied[0].socket.localPort!);
    for (;;) {
      if (holds(pair)) return;
      const holders = this.#pairs.filter(holds);
      if (holders.length < backends) return;
      const place = this.#pairs.indexOf(holders[0]!);
      await this.#rest(place);
      await this.#tell(place, 'discard all', query('discard all'), 1);
      if (holds(holders[0]!)) await this.#leave(place, 'politely');
    }
  }

  /** Outside of a transaction, with everything received. */
  async #rest(place: number): Promise<void> {
    const pair = this.#pairs[place]!;
    if (pair.pending === undefined) return this.#tell(place, 'rollback', query('rollback'), 1);
    pair.pending = undefined;
    return this.#tell(place, 'sync, rollback', Buffer.concat([sync(), query('rollback')]), 2);
  }

  async #leave(place: number, how: (Step & { does: 'leave' })['how']): Promise<void> {
    const { proxied, direct } = this.#pairs[place]!;
    this.#history.push(`${place}: leaves ${how}`);
    for (const [client] of [proxied, direct]) {
      if (how === 'torn') client.send(query('select 1').subarray(0, -1));
      if (how === 'politely') client.send(terminate());
      else client.close();
    }
    this.#pairs[place] = await this.#open(place);
  }

  #compareNotifications(): void {
    const told = (which: 'proxied' | 'direct'): Heard[][] =>
      this.#pairs.map((pair) =>
        pair[which][1].notifications.map(([channel, payload, processId]) => ({
          channel,
          payload,
          by: this.#pairs.findIndex((other) => other[which][0].key?.processId === processId),
        })),
      );
    const direct = told('direct');
    // The backend of a client that has left since may be another client's.
    const proxied = told('proxied').map((heard, place) =>
      heard.map((one, at) => (direct[place]?.[at]?.by === gone ? { ...one, by: gone } : one)),
    );
    this.#compare(-1, 'notifications', proxied, direct);
  }

  #compare(place: number, what: string, ours: unknown, theirs: unknown): void {
    if (isDeepStrictEqual(ours, theirs)) return;
    const show = (value: unknown): string => JSON.stringify(value instanceof Map ? [...value] : value).slice(0, 2_000);
    throw new Error(`client ${place}, ${what}\n proxied: ${show(ours)}\n direct:  ${show(theirs)}\nafter`);
  }
}

/**
 * Makes words comparable that may differ. Two names of one text are one statement to the proxy, so an error may mention the other name. In
 * a failed transaction, a backend that has yet to prepare a statement reports that before it looks at what is wrong with a Bind. A backend
 * names a PL/pgSQL function by the search_path of its first call there.
 */
function comparable(words: readonly string[], before: string): string[] {
  let status = before;
  return words.map((word) => {
    if (word.startsWith('Z')) status = word;
    if (word.startsWith('E') && status === 'Z E') return 'E in a failed transaction';
    return word
      .replaceAll(/prepared statement \\"n\d\\"/g, 'prepared statement')
      .replaceAll(/PL\/pgSQL function \w+\./g, 'PL/pgSQL function ')
      .replaceAll(/identifier \\"[dp]/g, 'identifier');
  });
}

/** If a Bind has too many or too few values, a backend that has the statement says so; another first reports what else is wrong. */
const asWrong = (word: string, direct: string | undefined): string =>
  word.startsWith('E ') && direct?.includes('bind message supplies') === true ? direct : word;

/** Replaces `~` by that letter in names. */
const lettered = (bytes: Buffer, letter: string): Buffer =>
  Buffer.from(bytes.toString('latin1').replaceAll("'~", `'${letter}`), 'latin1');

function ask(text: string, isExtended: boolean): Buffer[] {
  // One message of the extended protocol holds one statement.
  if (!isExtended || text.includes(';')) return [query(text)];
  const bound = bind({ portal: '', statement: '', parameterFormats: [], parameters: [], resultFormats: [] });
  return [parse({ name: '', text, parameterTypes: [] }), bound, execute({ portal: '', rowsMax: 0 }), sync()];
}

/** Cancels what a client runs, and waits for the error. */
async function cancel({ key, socket }: WireClient): Promise<void> {
  const way = connect({ host: '127.0.0.1', port: socket.remotePort! });
  way.on('error', () => undefined);
  way.resume();
  way.end(cancelRequest(key!.processId, key!.secretKey));
  await once(way, 'close');
}

async function answer(client: WireClient, ready: number): Promise<string[]> {
  const words: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer; so far ${JSON.stringify(words)}`)), patienceMs);
  });
  const upToReady = (): Promise<string[]> =>
    client.until('Z ').catch(async (error: unknown) => {
      if (!client.isClosed) throw error;
      return [...(await client.until(closed)), closed];
    });
  try {
    for (let left = ready; left > 0 && words.at(-1) !== closed; left--)
      words.push(...(await Promise.race([upToReady(), late])));
    return words;
  } finally {
    clearTimeout(timer);
  }
}
