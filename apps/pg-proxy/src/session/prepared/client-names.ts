import { standIn } from './stand-in.ts';
import type { Statement, Statements } from './statements.ts';

/** The names that one client has given its statements, each of which all clients share under another name at the upstream. */
export class ClientNames {
  readonly #statements: Statements;
  readonly #named = new Map<string, Statement>();
  /** By others at the upstream that an error may name: of a Parse that was passed over, or under another search path. */
  readonly #ofOther = new Map<string, string>();
  /** The last that the server has refused because it was there. */
  taken = '';

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

  /** @param statement in use by the caller, who hands it over */
  set(name: string, statement: Statement): void {
    this.#named.set(name, statement);
  }

  /** It means nothing any more, or its Parse was passed over. What is under way may yet speak of it. */
  forget(name: string): void {
    const statement = this.#named.get(name);
    if (statement === undefined) return;
    this.#named.delete(name);
    this.#ofOther.set(statement.name, name);
    this.#statements.release(statement);
  }

  /** What took it away was passed over. */
  again(name: string, statement: Statement | undefined): void {
    if (statement === undefined || this.#named.has(name)) return;
    this.#named.set(name, this.#statements.use(statement.key, statement.reading));
  }

  clear(): void {
    for (const statement of this.#named.values()) this.#statements.release(statement);
    this.#named.clear();
  }
}
