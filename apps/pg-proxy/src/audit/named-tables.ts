import type { Analysis, Statement } from '@medrex/sql';
import { sharedNameOf, type SharedName } from '../session/prepared/shared-name.ts';
import type { Request, Requester } from '../session/client/request.ts';

/** How many names are remembered for one client: cursors that end with their transaction are not removed otherwise. */
const namesMax = 256;

/** Finds what FETCH and EXECUTE read or change: the tables of the cursor or prepared statement, whether SQL or the protocol created it. */
export class NamedTables {
  /** Names created by SQL: DECLARE and PREPARE. */
  readonly #sqlNames = new WeakMap<Requester, Map<string, Statement>>();
  /** Names created by the protocol, as they were when the request was sent: they may mean something else when it ends. */
  readonly #protocolNames = new WeakMap<Request, ReadonlyMap<string, Analysis>>();

  sent(request: Request): void {
    const { analysis, from } = request;
    if (analysis.kind !== 'read') return;
    for (const statement of analysis.statements) {
      const name = sharedNameOf(statement);
      const given = name && from.named(name.kind, name.name);
      if (name === undefined || given === undefined) continue;
      this.#protocolNames.set(request, new Map([...(this.#protocolNames.get(request) ?? []), [keyOf(name), given]]));
    }
  }

  /** The statements whose tables count instead of these. */
  resolve(request: Request, statements: readonly Statement[]): readonly Statement[] {
    if (statements.every((statement) => sharedNameOf(statement) === undefined)) return statements;
    return statements.flatMap((statement, at) => this.#resolveOne(request, statement, at < request.commands));
  }

  #resolveOne(request: Request, statement: Statement, isDone: boolean): readonly Statement[] {
    const name = sharedNameOf(statement);
    if (name === undefined) return [statement];
    const key = keyOf(name);
    const names = this.#sqlNames.get(request.from);
    if (definesName(statement)) {
      // What follows in its text may fail without undoing it.
      if (isDone) this.#remember(request.from, names ?? new Map<string, Statement>(), key, statement);
      return [statement];
    }
    const given = this.#protocolNames.get(request)?.get(key);
    const known = names?.get(key);
    const resolve = given?.kind === 'read' ? given.statements : known && [known];
    if (resolve === undefined) return [statement];
    return statement.kind === 'cursor' || statement.kind === 'prepared' ? resolve : [statement, ...resolve];
  }

  #remember(from: Requester, names: Map<string, Statement>, key: string, statement: Statement): void {
    names.delete(key);
    names.set(key, statement);
    const [oldest = key] = names.keys();
    if (names.size > namesMax) names.delete(oldest);
    this.#sqlNames.set(from, names);
  }
}

const definesName = ({ command }: Statement): boolean => command === 'DECLARE CURSOR' || command === 'PREPARE';
const keyOf = ({ kind, name }: SharedName): string => `${kind} ${name}`;
