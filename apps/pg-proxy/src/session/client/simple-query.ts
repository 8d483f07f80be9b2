import { query, type Framer } from '@medrex/pg-wire';
import type { SqlAnalyser } from '@medrex/sql';
import { hintOf } from '../../scheduling/hint.ts';
import type { Backend } from '../backend/backend.ts';
import { owed } from '../backend/expected-answers.ts';
import { concernsProxy } from '../state/concerns-proxy.ts';
import type { TrackedText } from '../state/tracked-text.ts';
import { isLocalAlone, rewriteResets, type RewrittenText } from '../state/reset-settings.ts';
import { showsFormerSessions, outlivesSession } from '../state/former-sessions.ts';
import type { ClientStatements } from '../prepared/client-statements.ts';
import type { Wire } from '../prepared/wire.ts';
import { databasesNamed } from '../processes/databases-named.ts';
import { asksProcess } from '../processes/process-ids.ts';
import type { Client } from './client.ts';
import type { ClientRequests } from './client-requests.ts';
import type { RequestText } from './request.ts';

/** Replaces a statement that must fail: raises an error in the server, so that it rolls back and skips what it would have then. */
const unknownStatement = 'pgproxy';
/** Whether the text contains a word that some check in the proxy looks for. */
const needsText = (text: string): boolean =>
  asksProcess(text) ||
  outlivesSession(text) ||
  showsFormerSessions(text) ||
  concernsProxy(text) ||
  databasesNamed(text) !== undefined ||
  hintOf(text) !== undefined;

export interface SimpleQueryOptions {
  readonly client: Client;
  readonly framer: Framer;
  readonly wire: Wire;
  readonly statements: ClientStatements;
  readonly requests: ClientRequests;
  readonly analyser: SqlAnalyser;
}

/** Handles a client's Query message. */
export class SimpleQuery {
  readonly #client: Client;
  readonly #framer: Framer;
  readonly #wire: Wire;
  readonly #statements: ClientStatements;
  readonly #requests: ClientRequests;
  readonly #analyser: SqlAnalyser;

  constructor({ client, framer, wire, statements, requests, analyser }: SimpleQueryOptions) {
    this.#client = client;
    this.#framer = framer;
    this.#wire = wire;
    this.#statements = statements;
    this.#requests = requests;
    this.#analyser = analyser;
  }

  /** UTF-8 read as latin1. */
  get text(): string {
    const { buffer, start, end } = this.#framer;
    return buffer.toString('latin1', start + 5, end - 1);
  }

  /** What the message wants to run. */
  readText(): RequestText {
    const { buffer, start, end, isLast: isWhole } = this.#framer;
    const { text } = this;
    const shared = isWhole ? this.#analyser.sharedAnalysis(buffer, start + 5, end - 1) : undefined;
    if (shared === undefined) return { text, isWhole, analysis: undefined, isPlain: false };
    shared.needsText ??= needsText(text);
    return { text, isWhole, analysis: shared.analysisOf(text.length), isPlain: !shared.needsText };
  }

  /** Sends the query to the client's backend. */
  forward(backend: Backend, readText: RequestText): void {
    const { text, isPlain = false } = readText;
    const wire = this.#wire;
    this.#requests.read(readText);
    if (!isPlain) {
      if (asksProcess(text) && wire.awaitsProcess()) return;
      if (wire.needsFreshBackend(text, backend)) return;
      wire.mayNeedUnusedDatabase(text);
    }
    const { tracker } = this.#client.session;
    // In session mode only what the proxy itself must know is tracked.
    const isFollowed = this.#client.mode !== 'session' || tracker.isActive || (!isPlain && concernsProxy(text));
    if (this.#statements.shared.showNamed(text, backend)) return;
    const watched = isFollowed ? tracker.track(text, backend.status, readText) : undefined;
    this.#statements.show(watched?.shows, backend, false);
    const rewritten = watched && this.#rewriteResets(text, watched, backend);
    const note = this.#requests.noteOf('query', text, watched, readText, rewritten);
    const standIn = note && this.#statements.shared.standInFor(note, backend);
    if (!backend.expected.push(owed.query, note?.undo, note)) return;
    if (note !== undefined && standIn === undefined) this.#statements.runs(note);
    this.#statements.forgetUnnamed(backend);
    const other = note?.fault === undefined ? standIn : unknownStatement;
    if (other !== undefined) backend.outbox.push(query(other));
    else if (rewritten !== undefined) backend.outbox.push(query(rewritten.text, 'latin1'));
    else wire.pass(this.#framer.start);
  }

  #rewriteResets(text: string, watched: TrackedText, backend: Backend): RewrittenText | undefined {
    const { startup } = this.#client.session.settings;
    // Statements that the proxy puts in front (the client's settings) open no transaction block.
    const isOutside = !backend.isInside && !backend.expected.hasSync;
    const isInVain = isOutside && isLocalAlone(watched, startup);
    return this.#framer.isLast && !isInVain ? rewriteResets(text, watched, startup) : undefined;
  }
}
