import type { JoinExpr, Node, RangeFunction, RangeSubselect, RangeVar } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import type { Cell, CellType } from './cell.ts';
import { decimal, fail, notSupported, type Row, type Run, type Typed } from './compiled.ts';
import { elementsOf } from './matching.ts';
import type { ScopeColumn } from './scope.ts';
import type { Tables, ColumnBounds } from './source.ts';

/** Maximum of intermediate rows of one execution, as it blocks the event loop. */
export const rowsMax = 200_000;
/** Maximum of rows read from all tables of an execution, subqueries included. */
const rowsReadMax = 5 * rowsMax;
/** Maximum of cells of a join (pairs times columns): about 100 ms. */
const joinedCellsMax = 1_000_000;

/** An item of FROM. */
export interface Relation {
  readonly columns: readonly ScopeColumn[];
  /** @param conditions all rows must satisfy these; each is applied as soon as its columns are available */
  rows(run: Run, wanted: ColumnBounds, conditions?: readonly Condition[]): readonly Row[];
}

/** A conjunct of WHERE. */
export interface Condition {
  readonly holds: Typed;
  /** It reads the first `width` columns only. */
  readonly width: number;
  /** Set if it is an equality of two columns. */
  readonly equal?: EqualColumns | undefined;
}

/** Indexes of two equal columns, in ascending order. */
export type EqualColumns = readonly [number, number];

/** A query in FROM or WITH. */
export interface DerivedTable {
  readonly columns: readonly Omit<ScopeColumn, 'relation'>[];
  rows(run: Run): readonly Row[];
}

export interface FromOptions {
  readonly tables: Tables;
  readonly named: ReadonlyMap<string, DerivedTable>;
  readonly derived: (node: Node) => DerivedTable;
  readonly conditions: (node: Node, columns: readonly ScopeColumn[]) => readonly Condition[];
  /** Compiles an argument of a function in FROM, which sees no other table. */
  readonly value: (node: Node) => Typed;
  readonly valueAs: (node: Node, type: CellType) => Typed;
}

const noBounds: ColumnBounds = new Map();

/** Compiles the items of FROM. */
export class From {
  readonly #options: FromOptions;

  constructor(options: FromOptions) {
    this.#options = options;
  }

  compile(nodes: readonly Node[]): Relation {
    const [first, ...more] = nodes.map((node) => this.#item(node));
    if (first === undefined) return withConditions({ columns: [], rows: () => [[]] });
    return more.reduce((left, right) => joinOf({ left, right, keeps: 'neither', on: [] }), first);
  }

  #item(node: Node): Relation {
    const table = bodyOf(node, 'RangeVar');
    if (table !== undefined) return withConditions(this.#table(table));
    const derived = bodyOf(node, 'RangeSubselect');
    if (derived !== undefined) return withConditions(this.#derived(derived));
    const called = bodyOf(node, 'RangeFunction');
    if (called !== undefined) return withConditions(this.#function(called));
    const join = bodyOf(node, 'JoinExpr');
    return join === undefined ? notSupported('what stands in FROM') : this.#join(join);
  }

  #table({ schemaname, relname = '', alias, location }: RangeVar): Relation {
    const relation = alias?.aliasname ?? relname;
    const named = schemaname === undefined ? this.#options.named.get(relname) : undefined;
    if (named !== undefined) return relationOf(named, relation, namesOf(alias?.colnames));
    const source = this.#options.tables.find(schemaname, relname);
    if (source === undefined) {
      const name = schemaname === undefined ? relname : `${schemaname}.${relname}`;
      fail('42P01', `relation "${name}" does not exist`, location, 'SELECT table_name FROM information_schema.tables');
    }
    return {
      columns: renameColumns(source.columns, relation, namesOf(alias?.colnames)),
      rows: (run, wanted) => countRead(run, checkRowCount(source.rows(wanted))),
    };
  }

  #derived({ subquery, alias, lateral }: RangeSubselect): Relation {
    if (lateral === true) notSupported('LATERAL');
    return relationOf(this.#options.derived(subquery as Node), alias?.aliasname ?? '', namesOf(alias?.colnames));
  }

  /** generate_series, unnest, or any other function, which returns one row. */
  #function({ functions = [], alias, lateral, ordinality, is_rowsfrom }: RangeFunction): Relation {
    const [first] = bodyOf(functions[0], 'List')?.items ?? [];
    if (lateral === true || ordinality === true || is_rowsfrom === true || first === undefined)
      return notSupported('this kind of function in FROM');
    const { funcname, args = [] } = bodyOf(first, 'FuncCall') ?? {};
    const name = namesOf(funcname).at(-1) ?? '';
    const relation = alias?.aliasname ?? name;
    const column = namesOf(alias?.colnames)[0] ?? relation;
    const relationWith = (type: CellType, rows: (run: Run) => readonly Row[]): Relation => ({
      columns: [{ relation, name: column, type }],
      rows: (run) => countRead(run, rows(run)),
    });
    if (name === 'generate_series' && (args.length === 2 || args.length === 3)) {
      const { type, bounds } = this.#series(args);
      return relationWith(type, (run) => series(bounds.map((bound) => bound.evaluate([], run))));
    }
    if (name === 'unnest' && args.length === 1) {
      const array = this.#options.value(args[0] as Node);
      return relationWith('text', (run) => {
        const text = array.evaluate([], run);
        return text === null ? [] : elementsOf(String(text)).map((element) => [element]);
      });
    }
    const source = args.length === 0 ? this.#options.tables.find(undefined, `${name}()`) : undefined;
    if (source !== undefined)
      return {
        columns: renameColumns(source.columns, relation, namesOf(alias?.colnames)),
        rows: (run, wanted) => countRead(run, checkRowCount(source.rows(wanted))),
      };
    const value = this.#options.value(first);
    return relationWith(value.type, (run) => [[value.evaluate([], run)]]);
  }

  /** The type and bounds of a generate_series of integers, or of timestamps by an interval. */
  #series(args: readonly Node[]): { readonly type: CellType; readonly bounds: readonly Typed[] } {
    const { value, valueAs } = this.#options;
    const types = args.map((arg) => value(arg).type);
    if (args.length === 3 && types.some((type) => type === 'timestamptz' || type === 'date')) {
      const bounds = args.map((arg, index) => valueAs(arg, index === 2 ? 'interval' : 'timestamptz'));
      return { type: 'timestamptz', bounds };
    }
    const type = types.includes('int8') ? 'int8' : 'int4';
    return { type, bounds: args.map((arg) => valueAs(arg, type)) };
  }

  #join({ jointype, isNatural, larg, rarg, quals, usingClause, alias }: JoinExpr): Relation {
    const keeps = outerSides[jointype ?? ''];
    if (alias !== undefined || keeps === undefined) return notSupported('this kind of join');
    const left = this.#item(larg as Node);
    const right = this.#item(rarg as Node);
    const names = isNatural === true ? sharedNames(left, right) : namesOf(usingClause);
    // The merged column would have to come from whichever side has a row.
    if (names.length > 0 && (keeps === 'right' || keeps === 'both')) notSupported('USING in a RIGHT or FULL join');
    const columns = [
      ...left.columns,
      ...right.columns.map((column) => (names.includes(column.name) ? { ...column, isMerged: true } : column)),
    ];
    const on = quals === undefined ? [] : this.#options.conditions(quals, [...left.columns, ...right.columns]);
    const using = names.map((name): Condition => {
      const equal: EqualColumns = [columnAt(left, name), left.columns.length + columnAt(right, name)];
      return { equal, width: equal[1] + 1, holds: { type: 'bool', evaluate: (row) => isSame(row, equal) } };
    });
    return { ...joinOf({ left, right, keeps, on: [...on, ...using] }), columns };
  }
}

/** Which side of a join keeps its rows without a match. */
type OuterSide = 'neither' | 'left' | 'right' | 'both';
const outerSides: Readonly<Record<string, OuterSide>> = {
  JOIN_INNER: 'neither',
  JOIN_LEFT: 'left',
  JOIN_RIGHT: 'right',
  JOIN_FULL: 'both',
};

/** The column names that a NATURAL join uses. */
function sharedNames(left: Relation, right: Relation): string[] {
  const names = new Set(right.columns.map(({ name }) => name));
  return left.columns.flatMap(({ name, isMerged }) => (isMerged !== true && names.has(name) ? [name] : []));
}

const isSame = (row: Row, [one, other]: EqualColumns): boolean => row[one] !== null && row[one] === row[other];

function columnAt({ columns }: Relation, name: string): number {
  const index = columns.findIndex((column) => column.name === name);
  return index < 0 ? fail('42703', `column "${name}" specified in USING clause does not exist`) : index;
}

function relationOf(derived: DerivedTable, relation: string, names: readonly string[]): Relation {
  return { columns: renameColumns(derived.columns, relation, names), rows: (run) => derived.rows(run) };
}

function renameColumns(
  columns: readonly Omit<ScopeColumn, 'relation'>[],
  relation: string,
  names: readonly string[],
): ScopeColumn[] {
  return columns.map(({ name, type, isDecimal }, index) => ({
    relation,
    name: names[index] ?? name,
    type,
    ...decimal(isDecimal),
  }));
}

function joinOf({
  left,
  right,
  keeps,
  on,
}: {
  readonly left: Relation;
  readonly right: Relation;
  readonly keeps: OuterSide;
  readonly on: readonly Condition[];
}): Relation {
  const [noneLeft, noneRight] = [left, right].map((side): Cell[] => side.columns.map(() => null)) as [Cell[], Cell[]];
  const width = left.columns.length + right.columns.length;
  return {
    columns: [...left.columns, ...right.columns],
    rows: (run, _wanted, conditions = []) => {
      const others = right.rows(run, noBounds);
      if (others.length === 0 && keeps === 'neither') return [];
      // If unmatched rows of the right side are kept, conditions must not remove rows of the left side before the join.
      const isLeftFirst = keeps === 'neither' || keeps === 'left';
      const ones = left.rows(run, noBounds, isLeftFirst ? conditions : []);
      const open = conditions.filter((condition) => !isLeftFirst || condition.width > left.columns.length);
      const pairs = (keeps === 'neither' ? [...on, ...open] : on).flatMap(({ equal }) =>
        equal === undefined ? [] : [equal],
      );
      const candidatesOf = candidateFinder(
        others,
        left.columns.length,
        pairs.find(([one, other]) => one < left.columns.length && other >= left.columns.length && other < width),
      );
      let compared = 0;
      const alone = new Set(keeps === 'right' || keeps === 'both' ? others : []);
      const rows = ones.flatMap((one) => {
        const candidates = candidatesOf(one);
        // Compared pairs cost as much as resulting ones.
        compared += candidates.length * width;
        if (compared > joinedCellsMax) tooMany();
        const found = candidates.flatMap((other) => {
          const row = [...one, ...other];
          if (!on.every(({ holds }) => holds.evaluate(row, run) === true)) return [];
          alone.delete(other);
          return [row];
        });
        return found.length === 0 && (keeps === 'left' || keeps === 'both') ? [[...one, ...noneRight]] : found;
      });
      const all = [...rows, ...[...alone].map((other) => [...noneLeft, ...other])];
      return applyConditions(all, { width, run, conditions: open });
    },
  };
}

/** Finds the candidate rows of the right side for a row of the left side: by a hash of the equal columns, if there are any. */
function candidateFinder(
  others: readonly Row[],
  leftWidth: number,
  equal: EqualColumns | undefined,
): (one: Row) => readonly Row[] {
  if (equal === undefined) return () => others;
  const byValue = new Map<Cell, Row[]>();
  for (const other of others) {
    const value = other[equal[1] - leftWidth] ?? null;
    const known = byValue.get(value);
    if (known === undefined) byValue.set(value, [other]);
    else known.push(other);
  }
  return (one) => {
    const value = one[equal[0]] ?? null;
    return value === null ? [] : (byValue.get(value) ?? []);
  };
}

/** A relation that applies its part of the conditions. */
const withConditions = (relation: Relation): Relation => ({
  columns: relation.columns,
  rows: (run, wanted, conditions = []) =>
    applyConditions(relation.rows(run, wanted, conditions), { width: relation.columns.length, run, conditions }),
});

/** The rows that satisfy the conditions whose columns are available. */
function applyConditions(
  rows: readonly Row[],
  { width, run, conditions }: { readonly width: number; readonly run: Run; readonly conditions: readonly Condition[] },
): readonly Row[] {
  const known = conditions.filter((condition) => condition.width <= width);
  return known.length === 0
    ? rows
    : rows.filter((row) => known.every(({ holds }) => holds.evaluate(row, run) === true));
}

function series(bounds: readonly Cell[]): Row[] {
  const [first = 0, last = 0, step = 1] = bounds.map(Number);
  if (step === 0) return fail('22023', 'step size cannot equal zero');
  const steps = Math.floor((last - first) / step);
  if (bounds.includes(null) || !(steps >= 0)) return [];
  if (steps >= rowsMax) return tooMany();
  return Array.from({ length: steps + 1 }, (_none, index) => [first + index * step]);
}

/** Rows read by each execution, by its parameter array. A correlated subquery reads its rows again for each outer row. */
const rowsRead = new WeakMap<readonly Cell[], number>();

function countRead(run: Run, rows: readonly Row[]): readonly Row[] {
  const sum = (rowsRead.get(run.parameters) ?? 0) + rows.length;
  rowsRead.set(run.parameters, sum);
  return sum > rowsReadMax ? tooMany() : rows;
}

function checkRowCount(rows: readonly Row[]): readonly Row[] {
  return rows.length > rowsMax ? tooMany() : rows;
}

function tooMany(): never {
  return fail(
    '54000',
    'too many rows would have to be looked at',
    undefined,
    'Ask for less: of trends by resolution, database and time.',
  );
}
