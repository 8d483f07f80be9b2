import { standIn } from './stand-in.ts';
import type { Statement, Statements } from './statements.ts';

/** One Parse of a name, or what replaced it. */
export class NameBinding {
  statement: Statement;
  /** It has failed or was skipped. */
  isReverted = false;

  constructor(statement: Statement) {
    this.statement = statement;
  }
}

/** The names that a client has given to its statements. All clients share a statement under another name at the upstream. */
export class ClientNames {
  readonly #statements: Statements;
  readonly #statementsByName = new Map<string, Statement>();
  readonly #bindings = new Map<string, NameBinding>();
  /** Further upstream names that an error may contain: those of a Parse that was skipped, or made under another search path. */
  readonly #otherUpstreamNames = new Map<string, string>();
  /** The last name that the server refused because it was taken. */
  takenName = '';
  /** The last name that was used: if two names mean the same statement, an error is about this one. */
  lastUsed = '';

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  get all(): ReadonlyMap<string, Statement> {
    return this.#statementsByName;
  }

  get size(): number {
    return this.#statementsByName.size;
  }

  get(name: string): Statement | undefined {
    return this.#statementsByName.get(name);
  }

  has(name: string): boolean {
    return this.#statementsByName.has(name);
  }

  /** The client's name for an upstream name. */
  originOf(upstreamName: string): string | undefined {
    if (upstreamName === standIn) return this.takenName;
    if (this.#statementsByName.get(this.lastUsed)?.name === upstreamName) return this.lastUsed;
    for (const [name, statement] of this.#statementsByName) if (statement.name === upstreamName) return name;
    return this.#otherUpstreamNames.get(upstreamName);
  }

  /** An error that is still to come may contain this upstream name. */
  addUpstreamName(upstreamName: string, name: string): void {
    this.#otherUpstreamNames.set(upstreamName, name);
  }

  /** Nothing is outstanding that an error could be about. */
  forgetUpstreamNames(): void {
    this.#otherUpstreamNames.clear();
  }

  /** @param binding its statement is in use by the caller, who hands the use over */
  set(name: string, binding: NameBinding): void {
    this.#statementsByName.set(name, binding.statement);
    this.#bindings.set(name, binding);
  }

  /** The Parse that gave the name its meaning. */
  bindingOf(name: string): NameBinding | undefined {
    return this.#bindings.get(name);
  }

  /** The same Parse now leads to another statement. @param statement in use by the caller, who hands the use over */
  exchange(name: string, statement: Statement): void {
    const binding = this.#bindings.get(name);
    if (binding === undefined) return;
    this.#statements.release(binding.statement);
    binding.statement = statement;
    this.#statementsByName.set(name, statement);
  }

  /** The Parse has failed or was skipped. False: the name has another meaning by now. */
  revert(name: string, binding: NameBinding): boolean {
    binding.isReverted = true;
    if (this.#bindings.get(name) !== binding) return false;
    this.forget(name);
    return true;
  }

  /** The name no longer exists, but outstanding answers may still mention it. */
  forget(name: string): void {
    const statement = this.#statementsByName.get(name);
    if (statement === undefined) return;
    this.#statementsByName.delete(name);
    this.#bindings.delete(name);
    this.#otherUpstreamNames.set(statement.name, name);
    this.#statements.release(statement);
  }

  /** The message that removed or replaced the name has failed or was skipped. */
  restore(name: string, binding: NameBinding | undefined): void {
    if (binding === undefined || binding.isReverted || this.#statementsByName.has(name)) return;
    binding.statement = this.#statements.use(binding.statement.key, binding.statement.interpretation);
    this.#statementsByName.set(name, binding.statement);
    this.#bindings.set(name, binding);
  }

  clear(): void {
    for (const statement of this.#statementsByName.values()) this.#statements.release(statement);
    this.#statementsByName.clear();
    this.#bindings.clear();
  }
}
