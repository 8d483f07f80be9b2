import type { Framer, Named } from '@medrex/pg-wire';
import type { Analysis, SqlAnalyser } from '@medrex/sql';
import { settingPrefix } from '../../config/session-settings.ts';
import type { Client } from './client.ts';
import type { ClientStatements } from '../prepared/client-statements.ts';
import type { PreparedBefore } from '../backend/expected-answers.ts';
import { analysisOf, Request, type Analysed, type Asked, type RequestObserver } from './request.ts';
import type { SetInPlace } from '../left-behind/set-again.ts';
import { latin1Of } from '../left-behind/letters.ts';
import type { SessionWatch } from '../left-behind/session-watch.ts';
import { forgetsAll, type Watched } from '../left-behind/watched.ts';

export interface ClientRequestsOptions {
  readonly client: Client;
  readonly framer: Framer;
  readonly statements: ClientStatements;
  readonly watch: SessionWatch;
  readonly analyser: SqlAnalyser;
}

/** What a client has sent to be run, each with the times at which it came and had its backend. */
export class ClientRequests {
  /** Undefined: nobody wants to know. */
  observer: RequestObserver | undefined;
  /** It has sent what takes away all that is prepared: what comes behind that is looked at when it has run. */
  mayForget = false;
  readonly #client: Client;
  readonly #framer: Framer;
  readonly #statements: ClientStatements;
  readonly #watch: SessionWatch;
  readonly #analyser: SqlAnalyser;

  constructor({ client, framer, statements, watch, analyser }: ClientRequestsOptions) {
    this.#client = client;
    this.#framer = framer;
    this.#statements = statements;
    this.#watch = watch;
    this.#analyser = analyser;
  }

  /** Whoever follows requests will want to know what a text does: what looks at it before need not guess. */
  read(asked: Asked): void {
    if (this.observer !== undefined && asked.isWhole) analysisOf(this.#analyser, asked.text, asked);
  }

  /** What stands behind a name that the protocol has given. */
  named(of: Named['of'], name: string): Analysis | undefined {
    const prepared = this.#statements.named(of, latin1Of(name));
    return prepared && analysisOf(this.#analyser, prepared.text, prepared);
  }

  /** Of the message at hand. Undefined where nobody follows what becomes of it. */
  noteOf(
    kind: Request['kind'],
    text: string,
    watched?: Watched,
    prepared?: Analysed,
    inPlace?: SetInPlace,
  ): Request | undefined {
    const { observer } = this;
    if (observer === undefined && watched === undefined && !text.includes(settingPrefix)) return undefined;
    const client = this.#client;
    const request = new Request({
      from: client,
      backend: client.backend,
      kind,
      text,
      watched,
      inPlace,
      prepared,
      observer,
      before: watched !== undefined && forgetsAll(watched) ? this.#preparedBefore() : undefined,
      workClass: client.pooled.workClass,
      analyser: this.#analyser,
      watch: this.#watch,
      isWhole: kind === 'execute' || this.#framer.isLast,
    });
    this.mayForget ||= request.before !== undefined;
    // What waited for a backend waited with the first of its messages.
    request.receivedAt = client.attachedAt > client.readAt ? client.askedAt : client.readAt;
    request.backendAt = Math.max(client.attachedAt, request.receivedAt);
    observer?.sent?.(request);
    return request;
  }

  #preparedBefore(): PreparedBefore {
    return { names: this.#statements.namesBefore(), statements: this.#client.backend?.prepared.all() ?? [] };
  }
}
