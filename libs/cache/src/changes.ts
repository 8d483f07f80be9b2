import type { Analysis, RelationName, Statement } from '@medrex/sql';

/** What a statement may change in a database, as far as its text tells. */
export interface Changes {
  readonly relations: readonly RelationName[];
  /** Functions that it calls; the catalogue tells what they do. */
  readonly calls: readonly string[];
  /** It runs code that cannot be inspected, which may change anything. */
  readonly runsUnknownCode: boolean;
  /** It changes definitions (tables, functions, privileges): of its database, or of all databases of the server (`cluster`). */
  readonly schema: 'none' | 'database' | 'cluster';
  /** TRUNCATE: tables that refer to the table may be emptied too (CASCADE). */
  readonly isTruncation: boolean;
  /** Name of the prepared statement that it executes. */
  readonly executes: string | undefined;
}

const noChange: Changes = {
  relations: [],
  calls: [],
  runsUnknownCode: false,
  schema: 'none',
  isTruncation: false,
  executes: undefined,
};
/** Anything, definitions included. */
export const anyChange: Changes = { ...noChange, runsUnknownCode: true, schema: 'database' };
/** What code may change that a statement runs without naming it. */
export const unknownCode: Changes = { ...noChange, runsUnknownCode: true };

const harmless: ReadonlySet<string> = new Set(['CHECKPOINT', 'LOCK TABLE']);
const clusterObjects = /\b(?:ROLE|DATABASE|TABLESPACE|OWNED|SYSTEM)\b/;
const known = new WeakMap<Statement, Changes>();

/** The changes of each statement of a text; `anything` for a text that cannot be parsed. */
export function changesOf(analysis: Analysis): readonly Changes[] {
  return analysis.kind === 'read' ? analysis.statements.map(changesOfStatement) : [anyChange];
}

/** False for nearly all reads. */
export function changesSomething({ relations, calls, runsUnknownCode, schema, executes }: Changes): boolean {
  return relations.length > 0 || calls.length > 0 || runsUnknownCode || schema !== 'none' || executes !== undefined;
}

function changesOfStatement(statement: Statement): Changes {
  const found = known.get(statement);
  if (found !== undefined) return found;
  const changes = read(statement);
  known.set(statement, changes);
  return changes;
}

/** The name given by an SQL PREPARE, and what executing it may change. */
export function preparedChanges(
  statement: Statement,
): { readonly name: string; readonly changes: Changes } | undefined {
  const [effect] = statement.effects;
  if (effect?.kind !== 'prepare') return undefined;
  return { name: effect.name, changes: { ...noChange, relations: statement.writes, calls: statement.calls } };
}

function read(statement: Statement): Changes {
  const { kind, command, writes, calls, effects, transaction } = statement;
  // EXPLAIN ANALYZE EXECUTE runs the statement too.
  const executed = effects.find((effect) => effect.kind === 'execute');
  const changes = { ...noChange, relations: writes, calls, executes: executed?.name };
  switch (kind) {
    case 'transaction':
      return transaction?.verb === 'commitPrepared' ? { ...noChange, runsUnknownCode: true } : noChange;
    case 'session':
      return noChange;
    case 'prepared':
      return executed === undefined ? noChange : { ...noChange, executes: executed.name };
    case 'schema':
      if (command === 'TRUNCATE TABLE') return { ...changes, isTruncation: true };
      // Temporary objects are invisible to other sessions.
      if (effects.some((effect) => effect.kind === 'temporary')) return { ...noChange, calls };
      return { ...changes, schema: clusterObjects.test(command) ? 'cluster' : 'database' };
    case 'utility':
      if (harmless.has(command)) return noChange;
      // REFRESH writes the view only. Other utility commands change catalogue statistics, or run code.
      return command === 'REFRESH MATERIALIZED VIEW' ? changes : { ...changes, runsUnknownCode: true };
    default:
      return changes;
  }
}
