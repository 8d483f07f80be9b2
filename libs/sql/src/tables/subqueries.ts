import type { SubLink } from 'libpg-query';
import { namesOf } from '../ast.ts';
import type { CellType } from './cell.ts';
import { fail, notSupported, type Compiled, type Row, type Run, type Typed } from './compiled.ts';
import { as } from './conversion.ts';
import { arrayText } from './matching.ts';
import type { Operators } from './operators.ts';
import type { Parameters } from './parameters.ts';

/** A compiled subquery in an expression. */
export interface Subquery {
  /** It refers to the outer row, so it is run for each one. */
  readonly isCorrelated: boolean;
  readonly types: readonly CellType[];
  rows(run: Run): readonly Row[];
}

interface SubqueryUse {
  /** The left operand of IN or of an operator with ANY or ALL. */
  readonly test: Compiled | undefined;
  readonly operators: Operators;
  readonly parameters: Parameters;
}

/** Compiles EXISTS (...), (SELECT ...), ARRAY(...) and x IN (...). */
export function valueOfSubquery(
  { subLinkType, operName, location }: SubLink,
  subquery: Subquery,
  use: SubqueryUse,
): Compiled {
  const once = onceForEachRun((run) => subquery.rows(run));
  const rowsOf = (row: Row, run: Run): readonly Row[] =>
    subquery.isCorrelated ? subquery.rows({ ...run, outerRows: [row, ...(run.outerRows ?? [])] }) : once(run);
  if (subLinkType === 'EXISTS_SUBLINK') return { type: 'bool', evaluate: (row, run) => rowsOf(row, run).length > 0 };
  const [type] = subquery.types;
  if (type === undefined || subquery.types.length > 1) return fail('42601', 'subquery has too many columns', location);
  switch (subLinkType) {
    case 'EXPR_SUBLINK':
      return { type, evaluate: (row, run) => onlyValue(rowsOf(row, run)) };
    case 'ARRAY_SUBLINK':
      return {
        type: 'text',
        evaluate: (row, run) =>
          arrayText(
            rowsOf(row, run).map(([value = null]) => value),
            type,
          ),
      };
    case 'ANY_SUBLINK':
      return amongRows(namesOf(operName).at(-1) ?? '=', { type, rowsOf }, use);
    default:
      return notSupported('this kind of subquery', location);
  }
}

function onlyValue(rows: readonly Row[]): Row[number] {
  if (rows.length > 1) fail('21000', 'more than one row returned by a subquery used as an expression');
  return rows[0]?.[0] ?? null;
}

function amongRows(
  operator: string,
  { type, rowsOf }: { readonly type: CellType; readonly rowsOf: (row: Row, run: Run) => readonly Row[] },
  { test, operators, parameters }: SubqueryUse,
): Compiled {
  if (test === undefined) return notSupported('this kind of subquery');
  const value = test.type === 'unknown' ? as(test, type, parameters) : (test as Typed);
  const compared = operators.binary(
    operator,
    { type: value.type, evaluate: (row) => row[0] ?? null },
    { type, evaluate: (row) => row[1] ?? null },
  );
  return {
    type: 'bool',
    evaluate: (row, run) => {
      const own = value.evaluate(row, run);
      const holds = rowsOf(row, run).map(([other = null]) => compared.evaluate([own, other], run));
      return holds.includes(true) ? true : holds.includes(null) ? null : false;
    },
  };
}

function onceForEachRun<T>(make: (run: Run) => T): (run: Run) => T {
  const made = new WeakMap<Run, { readonly value: T }>();
  return (run) => {
    const known = made.get(run) ?? { value: make(run) };
    made.set(run, known);
    return known.value;
  };
}
