import type { Statement } from '@medrex/sql';
import type { Requester } from '../session/request.ts';

/** Names of one client that are remembered: cursors that end with their transaction are never forgotten otherwise. */
const namesMax = 256;

/** What FETCH and EXECUTE read or change: the tables of the cursor, or of the statement that SQL has prepared. */
export class NamedTables {
  readonly #clients = new WeakMap<Requester, Map<string, Statement>>();

  /** The statements whose tables count in place of these. @param isDone they have succeeded, all of them */
  behind(from: Requester, statements: readonly Statement[], isDone: boolean): readonly Statement[] {
    if (!statements.some(isNaming)) return statements;
    return statements.map((statement) => this.#behind(from, statement, isDone));
  }

  #behind(from: Requester, statement: Statement, isDone: boolean): Statement {
    const name = nameOf(statement);
    if (name === undefined) return statement;
    const names = this.#clients.get(from);
    if (!makes(statement)) return names?.get(name) ?? statement;
    if (isDone) this.#keep(from, names ?? new Map<string, Statement>(), name, statement);
    return statement;
  }

  #keep(from: Requester, names: Map<string, Statement>, name: string, statement: Statement): void {
    names.delete(name);
    names.set(name, statement);
    const [oldest = name] = names.keys();
    if (names.size > namesMax) names.delete(oldest);
    this.#clients.set(from, names);
  }
}

const isNaming = ({ kind }: Statement): boolean => kind === 'cursor' || kind === 'prepared';
const makes = ({ command }: Statement): boolean => command === 'DECLARE CURSOR' || command === 'PREPARE';

function nameOf({ cursor, effects }: Statement): string | undefined {
  if (cursor !== undefined) return `cursor ${cursor}`;
  for (const effect of effects)
    if (effect.kind === 'prepare' || effect.kind === 'execute') return `statement ${effect.name}`;
  return undefined;
}
