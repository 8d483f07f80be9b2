import type { Framer, Target } from '@medrex/pg-wire';
import type { Analysis, SqlAnalyser } from '@medrex/sql';
import { settingPrefix } from '../../config/session-settings.ts';
import type { Client } from './client.ts';
import type { ClientStatements } from '../prepared/client-statements.ts';
import type { PreparedNames } from '../backend/expected-answers.ts';
import { analysisOf, Request, type Analysed, type RequestText, type RequestObserver } from './request.ts';
import type { RewrittenText } from '../state/reset-settings.ts';
import { latin1Of } from '../state/text-encoding.ts';
import type { SessionTracker } from '../state/session-tracker.ts';
import { mayDiscardAll, type TrackedText } from '../state/tracked-text.ts';

export interface ClientRequestsOptions {
  readonly client: Client;
  readonly framer: Framer;
  readonly statements: ClientStatements;
  readonly watch: SessionTracker;
  readonly analyser: SqlAnalyser;
}

/** Keeps track of what a client has sent to be run, with the time at which each request came and got its backend. */
export class ClientRequests {
  /** Undefined: requests are not observed. */
  observer: RequestObserver | undefined;
  /** A request that discards all prepared statements is on its way: what follows is read after it has run. */
  mayForget = false;
  readonly #client: Client;
  readonly #framer: Framer;
  readonly #statements: ClientStatements;
  readonly #watch: SessionTracker;
  readonly #analyser: SqlAnalyser;

  constructor({ client, framer, statements, watch, analyser }: ClientRequestsOptions) {
    this.#client = client;
    this.#framer = framer;
    this.#statements = statements;
    this.#watch = watch;
    this.#analyser = analyser;
  }

  /** When requests are observed, their texts will be analysed anyway, so earlier checks need not guess. */
  read(asked: RequestText): void {
    if (this.observer !== undefined && asked.isWhole) analysisOf(this.#analyser, asked.text, asked);
  }

  /** The analysis of the statement or portal with this protocol-level name. */
  named(of: Target['kind'], name: string): Analysis | undefined {
    const prepared = this.#statements.named(of, latin1Of(name));
    return prepared && analysisOf(this.#analyser, prepared.text, prepared);
  }

  /** The record of the current message. Undefined: nobody observes requests. */
  noteOf(
    kind: Request['kind'],
    text: string,
    watched?: TrackedText,
    prepared?: Analysed,
    rewritten?: RewrittenText,
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
      rewritten,
      prepared,
      observer,
      before: watched !== undefined && mayDiscardAll(watched) ? this.#preparedBefore() : undefined,
      workClass: client.pooled.workClass,
      analyser: this.#analyser,
      watch: this.#watch,
      isWhole: kind === 'execute' || this.#framer.isLast,
    });
    this.mayForget ||= request.before !== undefined;
    // Messages behind one that waited for a backend have waited with it.
    request.receivedAt = client.attachedAt > client.readAt ? client.askedAt : client.readAt;
    request.backendAt = Math.max(client.attachedAt, request.receivedAt);
    observer?.sent?.(request);
    return request;
  }

  #preparedBefore(): PreparedNames {
    return { names: this.#statements.namesBefore(), statements: this.#client.backend?.prepared.all() ?? [] };
  }
}
