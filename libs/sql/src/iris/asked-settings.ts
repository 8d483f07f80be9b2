import type { Node } from 'libpg-query';
import { bodyOf, constantText, lastNameOf, namesOf } from '../ast.ts';
import { valueOf } from '../function-effects.ts';
import type { Value } from '../session-effect.ts';
import { labelOf } from './labels.ts';

/** A column of `SELECT set_config(...), current_setting(...)`. */
export interface AskedSetting {
  readonly label: string;
  readonly name: Value;
  /** Undefined: current_setting(). Without a value the setting is reset. */
  readonly change?: { readonly value: Value | undefined; readonly isLocal: Value };
  /** The result is NULL if the setting does not exist (missing_ok). */
  readonly isOptional: boolean;
  /** The column is `... IS NULL`, as pg-proxy writes it when it only wants the change. */
  readonly isTested: boolean;
}

export interface AskedSettings {
  readonly columns: readonly AskedSetting[];
  /** Without a setting of this name nothing is set and no row is returned. */
  readonly among: string | undefined;
}

/** The settings that a SELECT sets and shows; undefined if it does anything else. */
export function askedSettings(statement: Node): AskedSettings | undefined {
  const { targetList = [], fromClause, whereClause, ...more } = bodyOf(statement, 'SelectStmt') ?? {};
  if (Object.keys(more).some((part) => part !== 'limitOption' && part !== 'op')) return undefined;
  const among = namedAmong(fromClause, whereClause);
  if (among === undefined && (fromClause !== undefined || whereClause !== undefined)) return undefined;
  const columns = targetList.map(askedBy);
  const isWhole = columns.every((each) => each !== undefined);
  return isWhole && columns.some(({ change }) => change !== undefined) ? { columns, among } : undefined;
}

/** The name in `FROM pg_show_all_settings() WHERE name = '...'`, as pgAdmin uses it. */
function namedAmong([source, ...more]: readonly Node[] = [], condition: Node | undefined): string | undefined {
  const { functions = [] } = bodyOf(source, 'RangeFunction') ?? {};
  const call = bodyOf(bodyOf(functions[0], 'List')?.items?.[0], 'FuncCall');
  const { kind, name, lexpr, rexpr } = bodyOf(condition, 'A_Expr') ?? {};
  const isName =
    kind === 'AEXPR_OP' && lastNameOf(name) === '=' && lastNameOf(bodyOf(lexpr, 'ColumnRef')?.fields) === 'name';
  const isOfSettings = more.length === 0 && lastNameOf(call?.funcname) === 'pg_show_all_settings';
  return isName && isOfSettings ? constantText(rexpr) : undefined;
}

function askedBy(node: Node): AskedSetting | undefined {
  const target = bodyOf(node, 'ResTarget');
  const test = bodyOf(target?.val, 'NullTest');
  if (test !== undefined && test.nulltesttype !== 'IS_NULL') return undefined;
  const { funcname, args = [] } = bodyOf(test?.arg ?? target?.val, 'FuncCall') ?? {};
  const words = namesOf(funcname);
  if (words.length > 1 && words[0] !== 'pg_catalog') return undefined;
  const [name, second, third] = args.map(valueOf);
  if (name === undefined) return undefined;
  const column = { label: labelOf(target?.val, target?.name), name, isTested: test !== undefined };
  if (words.at(-1) === 'current_setting') return { ...column, isOptional: args.length > 1 };
  const isReset = bodyOf(args[1], 'A_Const')?.isnull === true;
  if (words.at(-1) !== 'set_config' || third === undefined || (second === undefined && !isReset)) return undefined;
  return { ...column, change: { value: isReset ? undefined : second, isLocal: third }, isOptional: false };
}
