import type { Node, RawStmt } from 'libpg-query';
import { bodyOf, constantText, kindOf } from '../ast.ts';
import { commandOf } from '../command.ts';
import { positionOf, Refusal } from '../iris/refusal.ts';
import { parseSql, tooDeep, type SqlFault } from '../pg-parser.ts';
import type { Cell, CellType } from './cell.ts';
import { fail, notSupported, type Row } from './compiled.ts';
import { valueOf } from './conversion.ts';
import { parameterOf, Parameters } from './parameters.ts';
import type { Tables } from './source.ts';
import { Planner, type Output } from './table-query.ts';

/** A compiled SELECT over tables of the proxy. */
export interface TableQuery {
  readonly kind: 'query';
  readonly columns: readonly Output[];
  /** OIDs. */
  readonly parameterTypes: readonly number[];
  run(values: readonly BoundValue[], nowMs: number): Answer;
}

export interface BoundValue {
  readonly bytes: Buffer | null;
  readonly isBinary: boolean;
}

export type Answer =
  { readonly kind: 'rows'; readonly rows: readonly Row[] } | { readonly kind: 'fault'; readonly fault: SqlFault };

/** A statement of a session without a server. */
export type TableStatement =
  | TableQuery
  | { readonly kind: 'show'; readonly name: string }
  /** SET, transaction and other statements that are acknowledged without effect. */
  | {
      readonly kind: 'session';
      readonly tag: string;
      readonly setting?: { readonly name: string; readonly value: string };
    }
  | { readonly kind: 'transaction'; readonly tag: string; readonly begins: boolean }
  | { readonly kind: 'fault'; readonly fault: SqlFault };

export interface TableReading {
  readonly statements: readonly TableStatement[];
}

/** Reads a text of one or more statements. @param parameterTypes OIDs; 0: unspecified */
export function readTableStatements(
  text: string,
  tables: Tables,
  parameterTypes: readonly number[] = [],
): TableReading {
  const parsing = parseSql(text);
  if (parsing.kind === 'fault') return { statements: [{ kind: 'fault', fault: parsing.fault }] };
  const known = parsing.statements.filter((raw): raw is RawStmt & { stmt: Node } => raw.stmt !== undefined);
  return {
    statements: known.map(({ stmt }) =>
      guarded(
        text,
        () => statementOf(stmt, tables, parameterTypes),
        (fault) => ({ kind: 'fault', fault }),
      ),
    ),
  };
}

function statementOf(node: Node, tables: Tables, parameterTypes: readonly number[]): TableStatement {
  const select = bodyOf(node, 'SelectStmt');
  if (select !== undefined) return queryOf(new Parameters(parameterTypes), (planner) => planner.plan(select), tables);
  const tag = commandOf(node)?.words ?? '';
  const show = bodyOf(node, 'VariableShowStmt');
  if (show !== undefined) return { kind: 'show', name: show.name ?? '' };
  const transaction = bodyOf(node, 'TransactionStmt');
  if (transaction !== undefined) {
    const begins = transaction.kind === 'TRANS_STMT_BEGIN' || transaction.kind === 'TRANS_STMT_START';
    return { kind: 'transaction', tag, begins: begins || /SAVEPOINT|RELEASE/.test(transaction.kind ?? '') };
  }
  const set = bodyOf(node, 'VariableSetStmt');
  if (set?.kind === 'VAR_SET_VALUE') {
    const value = (set.args ?? []).map((arg) => constantText(arg) ?? '').join(', ');
    return { kind: 'session', tag, setting: { name: (set.name ?? '').toLowerCase(), value } };
  }
  const kind = kindOf(node);
  if (kind === 'VariableSetStmt' || kind === 'DiscardStmt' || kind === 'DeallocateStmt')
    return { kind: 'session', tag };
  return notSupported(tag === '' ? 'this statement' : tag);
}

function queryOf(
  parameters: Parameters,
  plan: (planner: Planner) => ReturnType<Planner['plan']>,
  tables: Tables,
): TableQuery {
  const query = plan(new Planner({ tables, parameters }));
  const types = parameters.types;
  const answerWith = (fault: SqlFault): Answer => ({ kind: 'fault', fault });
  return {
    kind: 'query',
    columns: query.columns,
    parameterTypes: types.map(({ oid }) => oid),
    run: (values, nowMs) =>
      guarded<Answer>(
        '',
        () => {
          if (values.length < types.length)
            fail(
              '08P01',
              `bind message supplies ${values.length} parameters, but the statement requires ${types.length}`,
            );
          const read = (text: string, type: CellType): Cell => valueOf(text, type, nowMs);
          const cells = types.map((type, index) => {
            const { bytes, isBinary } = values[index] as BoundValue;
            return parameterOf(bytes, type, { isBinary, read });
          });
          return { kind: 'rows', rows: query.rows({ nowMs, parameters: cells }) };
        },
        answerWith,
      ),
  };
}

function guarded<T>(text: string, work: () => T, onFault: (fault: SqlFault) => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) return onFault(tooDeep);
    if (!(error instanceof Refusal)) throw error;
    const { sqlstate, message, hint, location } = error;
    const place =
      location === undefined || location < 0 || text === ''
        ? {}
        : { position: positionOf(Buffer.from(text), location) };
    return onFault({ sqlstate, message, ...(hint !== undefined && { hint }), ...place });
  }
}
