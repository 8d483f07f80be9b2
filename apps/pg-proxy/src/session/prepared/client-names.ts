import { standIn } from './stand-in.ts';
import type { Statement, Statements } from './statements.ts';

/** One Parse of a name, or what has come of it. */
export class Given {
  statement: Statement;
  /** It has failed, or was passed over. */
  isVoid = false;

  constructor(statement: Statement) {
    this.statement = statement;
  }
}

/** The names that one client has given its statements, each of which all clients share under another name at the upstream. */
export class ClientNames {
  readonly #statements: Statements;
  readonly #named = new Map<string, Statement>();
  readonly #given = new Map<string, Given>();
  /** By others at the upstream that an error may name: of a Parse that was passed over, or under another search path. */
  readonly #ofOther = new Map<string, string>();
  /** The last that the server has refused because it was there. */
  taken = '';
  /** The last that something was asked of: where two mean the same, an error is about that. */
  asked = '';

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  get all(): ReadonlyMap<string, Statement> {
    return this.#named;
  }

  get size(): number {
    return this.#named.size;
  }

  get(name: string): Statement | undefined {
    return this.#named.get(name);
  }

  has(name: string): boolean {
    return this.#named.has(name);
  }

  /** What the client calls what the upstream calls so. */
  originOf(upstreamName: string): string | undefined {
    if (upstreamName === standIn) return this.taken;
    if (this.#named.get(this.asked)?.name === upstreamName) return this.asked;
    for (const [name, statement] of this.#named) if (statement.name === upstreamName) return name;
    return this.#ofOther.get(upstreamName);
  }

  /** An error that is yet to come may name it so. */
  alsoCalled(upstreamName: string, name: string): void {
    this.#ofOther.set(upstreamName, name);
  }

  /** Nothing is under way that an error could be about. */
  nothingUnderWay(): void {
    this.#ofOther.clear();
  }

  /** @param given its statement is in use by the caller, who hands it over */
  set(name: string, given: Given): void {
    this.#named.set(name, given.statement);
    this.#given.set(name, given);
  }

  /** By which Parse it is what it is. */
  givenAs(name: string): Given | undefined {
    return this.#given.get(name);
  }

  /** The same Parse has come to another statement. @param statement in use by the caller, who hands it over */
  exchange(name: string, statement: Statement): void {
    const given = this.#given.get(name);
    if (given === undefined) return;
    this.#statements.release(given.statement);
    given.statement = statement;
    this.#named.set(name, statement);
  }

  /** That Parse has failed, or was passed over. False: the name is no longer what it gave. */
  takeBack(name: string, given: Given): boolean {
    given.isVoid = true;
    if (this.#given.get(name) !== given) return false;
    this.forget(name);
    return true;
  }

  /** It means nothing any more. What is under way may yet speak of it. */
  forget(name: string): void {
    const statement = this.#named.get(name);
    if (statement === undefined) return;
    this.#named.delete(name);
    this.#given.delete(name);
    this.#ofOther.set(statement.name, name);
    this.#statements.release(statement);
  }

  /** What took it away, or was to be in its place, has failed, or was passed over. */
  again(name: string, given: Given | undefined): void {
    if (given === undefined || given.isVoid || this.#named.has(name)) return;
    given.statement = this.#statements.use(given.statement.key, given.statement.reading);
    this.#named.set(name, given.statement);
    this.#given.set(name, given);
  }

  clear(): void {
    for (const statement of this.#named.values()) this.#statements.release(statement);
    this.#named.clear();
    this.#given.clear();
  }
}
