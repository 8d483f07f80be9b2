import type { Analysis, Statement } from '@medrex/sql';
import { sharedNameOf, type SharedName } from '../session/prepared/shared-name.ts';
import type { Request, Requester } from '../session/client/request.ts';

/** Names of one client that are remembered: cursors that end with their transaction are never forgotten otherwise. */
const namesMax = 256;

/** What FETCH and EXECUTE read or change: the tables of the cursor, or of the prepared statement, whoever has given the name to it. */
export class NamedTables {
  /** By SQL: DECLARE and PREPARE. */
  readonly #clients = new WeakMap<Requester, Map<string, Statement>>();
  /** By the protocol, where a name may mean something else before the request has ended. */
  readonly #given = new WeakMap<Request, ReadonlyMap<string, Analysis>>();

  sent(request: Request): void {
    const { analysis, from } = request;
    if (analysis.kind !== 'read') return;
    for (const statement of analysis.statements) {
      const name = sharedNameOf(statement);
      const given = name && from.named(name.of, name.name);
      if (name === undefined || given === undefined) continue;
      this.#given.set(request, new Map([...(this.#given.get(request) ?? []), [keyOf(name), given]]));
    }
  }

  /** The statements whose tables count in place of these. */
  behind(request: Request, statements: readonly Statement[]): readonly Statement[] {
    if (statements.every((statement) => sharedNameOf(statement) === undefined)) return statements;
    return statements.flatMap((statement, at) => this.#behind(request, statement, at < request.commands));
  }

  #behind(request: Request, statement: Statement, isDone: boolean): readonly Statement[] {
    const name = sharedNameOf(statement);
    if (name === undefined) return [statement];
    const key = keyOf(name);
    const names = this.#clients.get(request.from);
    if (makes(statement)) {
      // What comes behind it in its text may fail, and it stays all the same.
      if (isDone) this.#keep(request.from, names ?? new Map<string, Statement>(), key, statement);
      return [statement];
    }
    const given = this.#given.get(request)?.get(key);
    const known = names?.get(key);
    const behind = given?.kind === 'read' ? given.statements : known && [known];
    if (behind === undefined) return [statement];
    return statement.kind === 'cursor' || statement.kind === 'prepared' ? behind : [statement, ...behind];
  }

  #keep(from: Requester, names: Map<string, Statement>, key: string, statement: Statement): void {
    names.delete(key);
    names.set(key, statement);
    const [oldest = key] = names.keys();
    if (names.size > namesMax) names.delete(oldest);
    this.#clients.set(from, names);
  }
}

const makes = ({ command }: Statement): boolean => command === 'DECLARE CURSOR' || command === 'PREPARE';
const keyOf = ({ of, name }: SharedName): string => `${of} ${name}`;
