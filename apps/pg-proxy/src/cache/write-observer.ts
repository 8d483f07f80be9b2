import {
  anyChange,
  changesOf,
  changesSomething,
  preparedChanges,
  unknownCode,
  type BackendWrites,
  type Changes,
} from '@medrex/cache';
import type { Analysis } from '@medrex/sql';
import type { Backend } from '../session/backend/backend.ts';
import { sharedNameOf } from '../session/prepared/shared-name.ts';
import type { Request, RequestObserver } from '../session/client/request.ts';
import type { DatabaseCache } from './database-cache.ts';

const objectMissing = /^(?:42P01|42703|42883|3F000)$/;
/** A plan that no longer fits: "cached plan must not change result type". */
const planInvalid = '0A000';

interface TrackedRequest {
  readonly backend: Backend;
  readonly writes: BackendWrites;
  readonly note: readonly Changes[];
}

/** Tells the cache of a database what each request of its clients changes, and when the change is visible to all. */
export class WriteObserver implements RequestObserver {
  readonly #database: DatabaseCache;
  readonly #tracked = new WeakMap<Request, TrackedRequest>();

  constructor(database: DatabaseCache) {
    this.#database = database;
  }

  sent(request: Request): void {
    const { backend } = request;
    if (backend === undefined) return;
    const analysis = request.readLarge();
    const all = [...changesOf(analysis), ...namedChanges(request, analysis)].filter(changesSomething);
    if (this.#database.runsUnknownCode(analysis, request.text)) all.push(unknownCode);
    const changes = request.from.isPinned ? this.#database.withoutUnknown(all).filter(changesSomething) : all;
    if (changes.length === 0 && backend.writes?.hasPending !== true && !prepares(analysis)) return;
    const writes = this.#database.writesOf(backend);
    this.#notePrepared(request, analysis, writes);
    this.#tracked.set(request, { backend, writes, note: writes.sent(changes) });
  }

  completed(request: Request, tag: string): void {
    const tracked = this.#tracked.get(request);
    if (tracked === undefined) return;
    const { backend, writes, note } = tracked;
    const { analysis } = request;
    const statement = analysis.kind === 'read' ? analysis.statements[request.commands - 1] : undefined;
    writes.completed(note, { verb: statement?.transaction?.verb, tag, isOutsideBlock: backend.isOutsideBlock });
  }

  ended(request: Request): void {
    const { sqlstate } = request;
    if (sqlstate !== undefined && (objectMissing.test(sqlstate) || sqlstate === planInvalid))
      this.#database.objectMissing();
    const tracked = this.#tracked.get(request);
    tracked?.writes.ended(tracked.note);
  }

  called(_from: unknown, backend: Backend): void {
    this.#database.writesOf(backend).setUntracked(anyChange);
  }

  refused(_from: unknown, sqlstate: string): void {
    if (objectMissing.test(sqlstate)) this.#database.objectMissing();
  }

  #notePrepared({ text }: Request, analysis: Analysis, writes: BackendWrites): void {
    const runsUnseen = prepares(analysis) && this.#database.runsUnknownCode(analysis, text);
    for (const statement of analysis.kind === 'read' ? analysis.statements : []) {
      const prepared = preparedChanges(statement);
      if (prepared !== undefined) writes.prepared(prepared.name, runsUnseen ? unknownCode : prepared.changes);
    }
  }
}

/** What stands behind protocol-level names: FETCH runs a portal, EXECUTE a prepared statement. */
function namedChanges({ from }: Request, analysis: Analysis): readonly Changes[] {
  if (analysis.kind !== 'read') return [];
  return analysis.statements.flatMap((statement) => {
    const name = sharedNameOf(statement);
    const given = name && from.named(name.kind, name.name);
    return given === undefined ? [] : changesOf(given);
  });
}

function prepares(analysis: Analysis): boolean {
  return analysis.kind === 'read' && analysis.statements.some(({ effects }) => effects[0]?.kind === 'prepare');
}
