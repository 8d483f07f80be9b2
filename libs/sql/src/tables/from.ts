import type { JoinExpr, Node, RangeSubselect, RangeVar } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import type { Cell } from './cell.ts';
import { fail, notSupported, type Row, type Run, type Typed } from './compiled.ts';
import { Scope, type ScopeColumn } from './scope.ts';
import type { Tables, Wanted } from './source.ts';

/** Rows that one run may make on the way to its answer: it holds up everybody else. */
export const rowsMax = 200_000;
/** The same for a join: pairs times columns, some 100 ms. */
const joinedCellsMax = 1_000_000;

/** What stands in FROM. */
export interface Relation {
  readonly columns: readonly ScopeColumn[];
  rows(run: Run, wanted: Wanted): readonly Row[];
}

/** A query in FROM or in WITH. */
export interface DerivedTable {
  readonly columns: readonly { readonly name: string; readonly type: ScopeColumn['type'] }[];
  rows(run: Run): readonly Row[];
}

export interface FromOptions {
  readonly tables: Tables;
  readonly named: ReadonlyMap<string, DerivedTable>;
  readonly derived: (node: Node) => DerivedTable;
  readonly condition: (node: Node, scope: Scope) => Typed;
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
      rows: (_run, wanted) => limited(source.rows(wanted)),
    };
  }

  #derived({ subquery, alias, lateral }: RangeSubselect): Relation {
    if (lateral === true) notSupported('LATERAL');
    return relationOf(this.#options.derived(subquery as Node), alias?.aliasname ?? '', namesOf(alias?.colnames));
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
    const on =
      quals === undefined ? undefined : this.#options.condition(quals, new Scope([...left.columns, ...right.columns]));
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
  columns: readonly { readonly name: string; readonly type: ScopeColumn['type'] }[],
  relation: string,
  names: readonly string[],
): ScopeColumn[] {
  return columns.map(({ name, type }, index) => ({ relation, name: names[index] ?? name, type }));
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
