import type { JoinExpr, Node, RangeFunction, RangeSubselect, RangeVar } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import type { Cell, CellType } from './cell.ts';
import { decimal, fail, notSupported, type Row, type Run, type Typed } from './compiled.ts';
import { elementsOf } from './matching.ts';
import type { ScopeColumn } from './scope.ts';
import type { Tables, Wanted } from './source.ts';

/** Rows that one run may make on the way to its answer: it holds up everybody else. */
export const rowsMax = 200_000;
/** The same for all tables of a run, subqueries with them. */
const lookedMax = 5 * rowsMax;
/** The same for a join: pairs times columns, some 100 ms. */
const joinedCellsMax = 1_000_000;

/** What stands in FROM. */
export interface Relation {
  readonly columns: readonly ScopeColumn[];
  rows(run: Run, wanted: Wanted): readonly Row[];
}

/** A query in FROM or in WITH. */
export interface DerivedTable {
  readonly columns: readonly Omit<ScopeColumn, 'relation'>[];
  rows(run: Run): readonly Row[];
}

export interface FromOptions {
  readonly tables: Tables;
  readonly named: ReadonlyMap<string, DerivedTable>;
  readonly derived: (node: Node) => DerivedTable;
  readonly condition: (node: Node, columns: readonly ScopeColumn[]) => Typed;
  /** What a function in FROM is called with: it sees no table beside it. */
  readonly value: (node: Node) => Typed;
}

const everything: Wanted = new Map();

/** Makes relations of what stands in FROM. */
export class From {
  readonly #options: FromOptions;

  constructor(options: FromOptions) {
    this.#options = options;
  }

  of(nodes: readonly Node[]): Relation {
    const [first, ...more] = nodes.map((node) => this.#item(node));
    if (first === undefined) return { columns: [], rows: () => [[]] };
    return more.reduce((left, right) => joined({ left, right, isLeft: false, on: undefined }), first);
  }

  #item(node: Node): Relation {
    const table = bodyOf(node, 'RangeVar');
    if (table !== undefined) return this.#table(table);
    const derived = bodyOf(node, 'RangeSubselect');
    if (derived !== undefined) return this.#derived(derived);
    const called = bodyOf(node, 'RangeFunction');
    if (called !== undefined) return this.#function(called);
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
      columns: renamed(source.columns, relation, namesOf(alias?.colnames)),
      rows: (run, wanted) => counted(run, limited(source.rows(wanted))),
    };
  }

  #derived({ subquery, alias, lateral }: RangeSubselect): Relation {
    if (lateral === true) notSupported('LATERAL');
    return relationOf(this.#options.derived(subquery as Node), alias?.aliasname ?? '', namesOf(alias?.colnames));
  }

  /** generate_series, unnest, or any other function, which gives one row. */
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
      rows: (run) => counted(run, rows(run)),
    });
    if (name === 'generate_series' && args.length === 2) {
      const [from, to] = args.map((arg) => this.#options.value(arg)) as [Typed, Typed];
      const type = from.type === 'int4' && to.type === 'int4' ? 'int4' : 'int8';
      return relationWith(type, (run) => series(from.of([], run), to.of([], run)));
    }
    if (name === 'unnest' && args.length === 1) {
      const array = this.#options.value(args[0] as Node);
      return relationWith('text', (run) => {
        const text = array.of([], run);
        return text === null ? [] : elementsOf(String(text)).map((element) => [element]);
      });
    }
    const value = this.#options.value(first);
    return relationWith(value.type, (run) => [[value.of([], run)]]);
  }

  #join({ jointype, isNatural, larg, rarg, quals, usingClause, alias }: JoinExpr): Relation {
    if (isNatural === true || alias !== undefined || (jointype !== 'JOIN_INNER' && jointype !== 'JOIN_LEFT'))
      notSupported('a join other than INNER, LEFT and CROSS');
    const left = this.#item(larg as Node);
    const right = this.#item(rarg as Node);
    const names = namesOf(usingClause);
    const columns = [
      ...left.columns,
      ...right.columns.map((column) => (names.includes(column.name) ? { ...column, isMerged: true } : column)),
    ];
    const on = quals === undefined ? undefined : this.#options.condition(quals, [...left.columns, ...right.columns]);
    const pairs = names.map((name) => [columnAt(left, name), left.columns.length + columnAt(right, name)] as const);
    const using: Typed = { type: 'bool', of: (row) => pairs.every(([one, other]) => isSame(row, one, other)) };
    return { ...joined({ left, right, isLeft: jointype === 'JOIN_LEFT', on: names.length > 0 ? using : on }), columns };
  }
}

const isSame = (row: Row, one: number, other: number): boolean => row[one] !== null && row[one] === row[other];

function columnAt({ columns }: Relation, name: string): number {
  const index = columns.findIndex((column) => column.name === name);
  return index < 0 ? fail('42703', `column "${name}" specified in USING clause does not exist`) : index;
}

function relationOf(derived: DerivedTable, relation: string, names: readonly string[]): Relation {
  return { columns: renamed(derived.columns, relation, names), rows: (run) => derived.rows(run) };
}

function renamed(
  columns: readonly Omit<ScopeColumn, 'relation'>[],
  relation: string,
  names: readonly string[],
): ScopeColumn[] {
  return columns.map(({ name, type, isDecimal }, index) => ({
    ...{ relation, name: names[index] ?? name, type },
    ...decimal(isDecimal),
  }));
}

function joined({
  left,
  right,
  isLeft,
  on,
}: {
  readonly left: Relation;
  readonly right: Relation;
  readonly isLeft: boolean;
  readonly on: Typed | undefined;
}): Relation {
  const none: readonly Cell[] = right.columns.map(() => null);
  return {
    columns: [...left.columns, ...right.columns],
    rows: (run) => {
      const others = right.rows(run, everything);
      const ones = left.rows(run, everything);
      // What is compared costs as much as what comes out.
      if (ones.length * others.length * (left.columns.length + right.columns.length) > joinedCellsMax) tooMany();
      return ones.flatMap((one) => {
        const pairs = others.map((other) => [...one, ...other]);
        const found = on === undefined ? pairs : pairs.filter((row) => on.of(row, run) === true);
        return found.length === 0 && isLeft ? [[...one, ...none]] : found;
      });
    },
  };
}

function series(from: Cell, to: Cell): Row[] {
  const [first, last] = [Number(from), Number(to)];
  if (from === null || to === null || last < first) return [];
  if (last - first >= rowsMax) return tooMany();
  return Array.from({ length: last - first + 1 }, (_none, index) => [first + index]);
}

/** Rows that one run has looked at; a subquery looks at its own for each row around it. */
const looked = new WeakMap<readonly Cell[], number>();

function counted(run: Run, rows: readonly Row[]): readonly Row[] {
  const sum = (looked.get(run.parameters) ?? 0) + rows.length;
  looked.set(run.parameters, sum);
  return sum > lookedMax ? tooMany() : rows;
}

function limited(rows: readonly Row[]): readonly Row[] {
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
