import { close, parse, parseAs, parseKey, sync, transactionStatus, type Report } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { owed, hidden } from '../backend/expected-answers.ts';
import { ProxyNote, SilentNote } from '../backend/proxy-query.ts';
import type { PendingNames } from './pending-names.ts';
import { closeStandIn } from './stand-in.ts';
import { keyWithDescribedTypes, parametersOf, statementPrefix, type Statement } from './statements.ts';

const savepoint = 'medrex_prepares';
const refusedPrefix = `${statementPrefix}refused_`;
const refusedName = new RegExp(String.raw`"${refusedPrefix}(\d+)"`);
const textOid = 25;

/**
 * `sent`: the backend has it, unless its Parse fails. `tried`: the backend does not, and preparing it for the current message has failed.
 */
type State = 'missing' | 'tried' | 'sent';

/** A statement under its own name. */
interface OwnStatement {
  readonly key: string;
  state: State;
  /** Why the server refuses it, and the number that identifies its stand-in. */
  refused: { readonly report: Report; readonly number: number } | undefined;
}

/** Learns why a statement cannot be prepared. */
class PrepareNote extends ProxyNote {
  readonly isSilent: boolean;
  readonly refused: (report: Report) => void;

  constructor(isSilent: boolean, refused: (report: Report) => void) {
    super();
    this.isSilent = isSilent;
    this.refused = refused;
  }
}

/** Called when everything sent before it has been answered. */
class FinalNote extends SilentNote {
  readonly #then: () => void;

  constructor(then: () => void) {
    super();
    this.#then = then;
  }

  override ended(): void {
    this.#then();
  }
}

/**
 * Once a client has been shown what its backend has prepared, it keeps that backend, which then holds the client's statements under their
 * own names and nobody else's. A statement that can no longer be prepared (its table is gone) is represented by a stand-in that fails when
 * it is planned: DEALLOCATE removes it, and EXECUTE reports why it was refused.
 */
export class OwnStatements {
  /** Whether this is the case now. */
  isOn = false;
  /** By name: those that had to be prepared, or still have to be. */
  readonly #statements = new Map<string, OwnStatement>();
  #lastNumber = 0;
  /** Attempts without an answer so far. */
  #attempts = 0;
  readonly #pendingNames: PendingNames;

  constructor(underWay: PendingNames) {
    this.#pendingNames = underWay;
  }

  /**
   * Called before the client is shown what is prepared: closes everybody's statements and prepares the client's own; repeated if the server
   * skipped that because of an earlier error. True: the outcome is not known yet.
   */
  prepareAll(backend: Backend, names: ReadonlyMap<string, Statement>): boolean {
    if (!this.isOn) for (const [name, statement] of names) this.markMissing(name, statement);
    this.isOn = true;
    if (this.#attempts > 0) return true;
    const missing = [...this.#statements].filter(([, { state }]) => state !== 'sent');
    const isTried = missing.length > 0 && missing.every(([, { state }]) => state === 'tried');
    for (const [, statement] of missing) statement.state = 'missing';
    const isBetween = !backend.expected.isOpen;
    if (!isTried) {
      backend.closeStatements();
      closeStandIn(backend);
    }
    if (missing.length === 0) return false;
    if (!isBetween) {
      for (const [name, { refused }] of missing) if (refused === undefined) this.prepareAt(backend, name);
      return false;
    }
    if (isTried) {
      this.#isolate(backend, () => {
        for (const [name, statement] of missing) standInFor(backend, name, statement);
      });
      return false;
    }
    for (const [name, statement] of missing) {
      this.#isolate(backend, () => {
        this.#prepare(backend, name, statement, 'tried');
      });
    }
    return true;
  }

  /** A failure there must neither make the server skip the current message nor end the client's transaction. */
  #isolate(backend: Backend, prepare: () => void): void {
    const isInBlock = backend.status === transactionStatus.inside;
    if (isInBlock) backend.query(`savepoint ${savepoint}`, new SilentNote());
    prepare();
    this.#attempts++;
    const last = new FinalNote(() => this.#attempts--);
    backend.expected.push(owed.sync | hidden, undefined, isInBlock ? undefined : last);
    backend.outbox.push(sync());
    if (isInBlock) backend.query(`rollback to ${savepoint}; release ${savepoint}`, last);
  }

  /** Why the statement whose stand-in has failed cannot be prepared. @param message the stand-in's error */
  refusalOf(message: string): Report | undefined {
    const number = Number(refusedName.exec(message)?.[1]);
    for (const { refused } of this.#statements.values()) if (refused?.number === number) return refused.report;
    return undefined;
  }

  /** False: the server is skipping messages. */
  prepareAt(backend: Backend, name: string): boolean {
    const statement = this.#statements.get(name);
    return !isMissing(statement) || this.#prepare(backend, name, statement, 'missing');
  }

  /** @param otherwise the state if it fails; `tried`: a Sync of its own follows, so that nothing is skipped with it, and nobody is told */
  #prepare(backend: Backend, name: string, statement: OwnStatement, otherwise: 'missing' | 'tried'): boolean {
    const { expected, outbox } = backend;
    const undo = (): void => {
      statement.state = otherwise;
      this.restore(name, statement);
    };
    if (otherwise === 'missing') this.#pendingNames.add(backend, name, undo);
    if (statement.refused !== undefined) {
      if (!expected.push(owed.close | hidden)) return false;
      outbox.push(close({ kind: 'statement', name }));
    }
    const attempt = new PrepareNote(otherwise === 'tried', (report) => {
      statement.refused = { report, number: ++this.#lastNumber };
    });
    if (!expected.push(owed.parse | hidden, undo, attempt)) return false;
    statement.state = 'sent';
    outbox.push(parseAs(name, statement.key));
    return true;
  }

  /** The backend does not have it. */
  isMissing(name: string): boolean {
    return isMissing(this.#statements.get(name));
  }

  /** How many are missing at the backend. */
  get missing(): number {
    let missing = 0;
    for (const statement of this.#statements.values()) if (isMissing(statement)) missing++;
    return missing;
  }

  /** Attempts are outstanding. */
  get isPreparing(): boolean {
    return this.#attempts > 0;
  }

  /** Some are missing, or may be. */
  get mayBeIncomplete(): boolean {
    return this.isPreparing || this.missing > 0;
  }

  /** The backend does not have the statement under this name. */
  markMissing(name: string, statement: Statement): void {
    this.#statements.set(name, { key: keyWithDescribedTypes(statement), state: 'missing', refused: undefined });
  }

  get(name: string): OwnStatement | undefined {
    return this.#statements.get(name);
  }

  /** The message that removed it has failed or was skipped. @param statement undefined: it was never missing */
  restore(name: string, statement: OwnStatement | undefined): void {
    if (statement !== undefined) this.#statements.set(name, statement);
  }

  /** The name no longer exists. */
  forget(name: string): void {
    this.#statements.delete(name);
  }

  clear(): void {
    this.isOn = false;
    this.#statements.clear();
  }
}

const isMissing = (statement: OwnStatement | undefined): statement is OwnStatement =>
  statement !== undefined && statement.state !== 'sent';

/** A stand-in that is only planned when it runs, and fails then. */
function standInFor({ expected, outbox }: Backend, name: string, { key, refused }: OwnStatement): void {
  if (refused === undefined) return;
  const text = `select cast(cast('${refusedPrefix}${refused.number}' as text) as int)`;
  const message = parse({ name: '', text, parameterTypes: parametersOf(key).map((type) => type || textOid) });
  expected.push(owed.close | hidden);
  expected.push(owed.parse | hidden, undefined, new SilentNote());
  outbox.push(close({ kind: 'statement', name }));
  outbox.push(parseAs(name, parseKey(message, 0, message.length)));
}
