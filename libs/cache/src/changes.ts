import type { Analysis, RelationName, Statement } from '@medrex/sql';

/** What of a database a statement may change, as its text tells. */
export interface Changes {
  readonly relations: readonly RelationName[];
  /** Functions that it calls; what they do is for the catalogue to say. */
  readonly calls: readonly string[];
  /** Code that cannot be seen: anything may change. */
  readonly isUnseen: boolean;
  /** What is defined changes: tables, functions, rights. `cluster`: in every database of the server. */
  readonly schema: 'none' | 'database' | 'cluster';
  /** TRUNCATE: what refers to a table may go with it. */
  readonly isTruncation: boolean;
  /** Of a statement that SQL has prepared, and that has to be looked up. */
  readonly executes: string | undefined;
}

const nothing: Changes = {
  ...{ relations: [], calls: [], isUnseen: false, schema: 'none', isTruncation: false, executes: undefined },
};
/** Whatever somebody may do. */
export const anything: Changes = { ...nothing, isUnseen: true, schema: 'database' };
/** What code may do that a statement runs though it does not name it. */
export const unseen: Changes = { ...nothing, isUnseen: true };

const harmless: ReadonlySet<string> = new Set(['CHECKPOINT', 'LOCK TABLE']);
const ofCluster = /\b(?:ROLE|DATABASE|TABLESPACE|OWNED|SYSTEM)\b/;
const known = new WeakMap<Statement, Changes>();

/** One for each statement of a text; of a text that is not understood, one for whatever it may do. */
export function changesOf(analysis: Analysis): readonly Changes[] {
  return analysis.kind === 'read' ? analysis.statements.map(changesOfStatement) : [anything];
}

/** False for nearly everything that reads. */
export function changesSomething({ relations, calls, isUnseen, schema, executes }: Changes): boolean {
  return relations.length > 0 || calls.length > 0 || isUnseen || schema !== 'none' || executes !== undefined;
}

function changesOfStatement(statement: Statement): Changes {
  const found = known.get(statement);
  if (found !== undefined) return found;
  const changes = read(statement);
  known.set(statement, changes);
  return changes;
}

/** What SQL PREPARE has under its name, when it is executed. */
export function preparedChanges(
  statement: Statement,
): { readonly name: string; readonly changes: Changes } | undefined {
  const [effect] = statement.effects;
  if (effect?.kind !== 'prepare') return undefined;
  return { name: effect.name, changes: { ...nothing, relations: statement.writes, calls: statement.calls } };
}

function read(statement: Statement): Changes {
  const { kind, command, writes, calls, effects, transaction } = statement;
  // EXPLAIN ANALYZE runs it, too.
  const executed = effects.find((effect) => effect.kind === 'execute');
  const changes = { ...nothing, relations: writes, calls, executes: executed?.name };
  switch (kind) {
    case 'transaction':
      return transaction?.verb === 'commitPrepared' ? { ...nothing, isUnseen: true } : nothing;
    case 'session':
      return nothing;
    case 'prepared':
      return executed === undefined ? nothing : { ...nothing, executes: executed.name };
    case 'schema':
      if (command === 'TRUNCATE TABLE') return { ...changes, isTruncation: true };
      // What is temporary is nobody else's.
      if (effects.some((effect) => effect.kind === 'temporary')) return { ...nothing, calls };
      return { ...changes, schema: ofCluster.test(command) ? 'cluster' : 'database' };
    case 'utility':
      if (harmless.has(command)) return nothing;
      // VACUUM and its like change nothing but where rows lie, and what the catalogue says of that.
      return command === 'REFRESH MATERIALIZED VIEW' ? changes : { ...changes, isUnseen: true };
    default:
      return changes;
  }
}
