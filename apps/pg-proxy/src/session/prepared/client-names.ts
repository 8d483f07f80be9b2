import { standIn } from './stand-in.ts';
import type { Statement, Statements } from './statements.ts';

/** One Parse of a name, or what replaced it. */
export class Given {
  statement: Statement;
  /** It has failed or was skipped. */
  isVoid = false;

  constructor(statement: Statement) {
    this.statement = statement;
  }
}

/** The names that a client has given to its statements. All clients share a statement under another name at the upstream. */
export class ClientNames {
  readonly #statements: Statements;
  readonly #named = new Map<string, Statement>();
  readonly #given = new Map<string, Given>();
  /** Further upstream names that an error may contain: those of a Parse that was skipped, or made under another search path. */
  readonly #ofOther = new Map<string, string>();
  /** The last name that the server refused because it was taken. */
  taken = '';
  /** The last name that was used: if two names mean the same statement, an error is about this one. */
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

  /** The client's name for an upstream name. */
  originOf(upstreamName: string): string | undefined {
    if (upstreamName === standIn) return this.taken;
    if (this.#named.get(this.asked)?.name === upstreamName) return this.asked;
    for (const [name, statement] of this.#named) if (statement.name === upstreamName) return name;
    return this.#ofOther.get(upstreamName);
  }

  /** An error that is still to come may contain this upstream name. */
  alsoCalled(upstreamName: string, name: string): void {
    this.#ofOther.set(upstreamName, name);
  }

  /** Nothing is outstanding that an error could be about. */
  nothingUnderWay(): void {
    this.#ofOther.clear();
  }

  /** @param given its statement is in use by the caller, who hands the use over */
  set(name: string, given: Given): void {
    this.#named.set(name, given.statement);
    this.#given.set(name, given);
  }

  /** The Parse that gave the name its meaning. */
  givenAs(name: string): Given | undefined {
    return this.#given.get(name);
  }

  /** The same Parse now leads to another statement. @param statement in use by the caller, who hands the use over */
  exchange(name: string, statement: Statement): void {
    const given = this.#given.get(name);
    if (given === undefined) return;
    this.#statements.release(given.statement);
    given.statement = statement;
    this.#named.set(name, statement);
  }

  /** The Parse has failed or was skipped. False: the name has another meaning by now. */
  takeBack(name: string, given: Given): boolean {
    given.isVoid = true;
    if (this.#given.get(name) !== given) return false;
    this.forget(name);
    return true;
  }

  /** The name no longer exists, but outstanding answers may still mention it. */
  forget(name: string): void {
    const statement = this.#named.get(name);
    if (statement === undefined) return;
    this.#named.delete(name);
    this.#given.delete(name);
    this.#ofOther.set(statement.name, name);
    this.#statements.release(statement);
  }

  /** The message that removed or replaced the name has failed or was skipped. */
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
