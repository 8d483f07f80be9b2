import type { PgType } from '@medrex/sql';
import type { SqlConnection, SqlPage } from '@medrex/sql-driver';
import { standardPage } from './page-sizes.ts';

/** A table or view of IRIS, with types of PostgreSQL. */
export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly isView: boolean;
  readonly columns: readonly TableColumn[];
  readonly keys: readonly TableKey[];
  readonly references: readonly Reference[];
  readonly indexes: readonly TableIndex[];
}

export interface TableColumn {
  readonly name: string;
  readonly type: PgType;
  /** Type modifiers: length, precision and scale, or dimensions of a vector. */
  readonly modifiers: readonly number[];
  readonly isNullable: boolean;
  readonly isIdentity: boolean;
  readonly isExact: boolean;
}

export interface TableKey {
  readonly name: string;
  readonly isPrimary: boolean;
  readonly columns: readonly string[];
}

export interface Reference {
  readonly name: string;
  readonly columns: readonly string[];
  readonly toSchema: string;
  readonly toTable: string;
}

export interface TableIndex {
  readonly name: string;
  readonly isUnique: boolean;
  readonly columns: readonly string[];
}

type Row = readonly string[];

/** Queries of INFORMATION_SCHEMA, limited to some schemas, as reading all takes a minute on a large system. */
const questions = {
  tables: 'SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM INFORMATION_SCHEMA.TABLES WHERE ',
  columns:
    'SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, IS_NULLABLE, IS_IDENTITY, COLLATION_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE ',
  keys: 'SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, CONSTRAINT_TYPE FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE WHERE ',
  references:
    'SELECT CONSTRAINT_SCHEMA, CONSTRAINT_TABLE_NAME, CONSTRAINT_NAME, UNIQUE_CONSTRAINT_SCHEMA, UNIQUE_CONSTRAINT_TABLE FROM INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS WHERE ',
  indexes:
    'SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, COLUMN_NAME, PRIMARY_KEY, NON_UNIQUE FROM INFORMATION_SCHEMA.INDEXES WHERE ',
} as const;

const orders: Readonly<Record<keyof typeof questions, string>> = {
  tables: 'TABLE_SCHEMA, TABLE_NAME',
  columns: 'TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION',
  keys: 'TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION',
  references: 'CONSTRAINT_SCHEMA, CONSTRAINT_TABLE_NAME, CONSTRAINT_NAME',
  indexes: 'TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, ORDINAL_POSITION',
};

/** Reads the tables of these schemas of IRIS. @throws SqlFailure */
export async function readTables(connection: SqlConnection, schemas: readonly string[]): Promise<readonly Table[]> {
  const ask = async (what: keyof typeof questions): Promise<readonly Row[]> => {
    const column = what === 'references' ? 'CONSTRAINT_SCHEMA' : 'TABLE_SCHEMA';
    const places = schemas.map(() => '?').join(', ');
    return rowsOf(connection, `${questions[what]}${column} IN (${places}) ORDER BY ${orders[what]}`, schemas);
  };
  const [tables, columns] = [await ask('tables'), await ask('columns')];
  const [keys, references, indexes] = [await ask('keys'), await ask('references'), await ask('indexes')];
  const [columnsOfAll, keysOfAll] = [byTable(columns), byTable(keys)];
  const [referencesOfAll, indexesOfAll] = [byTable(references), byTable(indexes)];
  return tables.map((row): Table => {
    const [schema = '', name = '', kind = ''] = row;
    const ownKeys = keysOfAll(row);
    return {
      schema,
      name,
      isView: kind.toUpperCase() === 'VIEW',
      columns: columnsOfAll(row).map(columnOf),
      keys: keysOf(ownKeys),
      references: referencesOf(referencesOfAll(row), ownKeys),
      indexes: indexesOf(indexesOfAll(row), keysOf(ownKeys)),
    };
  });
}

/** Groups rows by schema and table, their first two columns. */
function byTable(rows: readonly Row[]): (table: Row) => readonly Row[] {
  const keyOf = ([schema = '', name = '']: Row): string => `${schema}\0${name}`;
  const groups = Map.groupBy(rows, keyOf);
  return (table) => groups.get(keyOf(table)) ?? [];
}

async function rowsOf(connection: SqlConnection, sql: string, schemas: readonly string[]): Promise<readonly Row[]> {
  const answer = await connection.run(
    sql,
    schemas.map((text) => ({ as: 'text', text })),
    standardPage,
  );
  if (answer.kind === 'count') return [];
  const rows: Row[] = [];
  const add = (page: SqlPage): void => {
    for (const row of page.rows)
      rows.push(row.map((cell) => (cell === null ? '' : Buffer.from(cell).toString('utf8'))));
  };
  add(answer.first);
  for (let { isLast } = answer.first; !isLast;) {
    const page = await answer.cursor.next(standardPage);
    add(page);
    isLast = page.isLast;
  }
  return rows;
}

const types: Readonly<Record<string, PgType>> = {
  bit: 'bool',
  tinyint: 'int2',
  smallint: 'int2',
  integer: 'int4',
  int: 'int4',
  bigint: 'int8',
  numeric: 'numeric',
  decimal: 'numeric',
  money: 'numeric',
  double: 'float8',
  float: 'float8',
  real: 'float4',
  char: 'bpchar',
  varchar: 'varchar',
  longvarchar: 'text',
  date: 'date',
  time: 'time',
  timestamp: 'timestamp',
  posixtime: 'timestamp',
  binary: 'bytea',
  varbinary: 'bytea',
  longvarbinary: 'bytea',
  uniqueidentifier: 'uuid',
  vector: 'vector',
};

/** Length of the VARCHAR as which `text` is declared in IRIS. */
const textLength = 65_535;
/** Precision and scale as which an unconstrained `numeric` is declared in IRIS. */
const [numericPrecision, numericScale] = [38, 19];

function columnOf([
  ,
  ,
  name = '',
  dataType = '',
  length = '',
  precision = '',
  scale = '',
  nullable,
  identity,
  collation = '',
]: Row): TableColumn {
  const known = types[dataType.toLowerCase().replace(/[ (].*$/, '')] ?? 'text';
  const type = known === 'varchar' && Number(length) >= textLength ? 'text' : known;
  return {
    name: name.toLowerCase(),
    type,
    isNullable: isYes(nullable),
    isIdentity: isYes(identity),
    modifiers: modifiersOf(type, length, precision, scale),
    isExact: /exact/i.test(collation),
  };
}

const isYes = (text = ''): boolean => /^(?:yes|1|true|t)$/i.test(text);

function modifiersOf(type: PgType, length: string, precision: string, scale: string): readonly number[] {
  if ((type === 'varchar' || type === 'bpchar' || type === 'vector') && Number(length) > 0) return [Number(length)];
  if (Number(precision) === numericPrecision && Number(scale) === numericScale) return [];
  return type === 'numeric' && Number(precision) > 0 ? [Number(precision), Number(scale)] : [];
}

function keysOf(rows: readonly Row[]): readonly TableKey[] {
  return grouped(rows.filter(([, , , , kind = '']) => /^(?:primary key|unique)$/i.test(kind))).map(([name, group]) => {
    return { name, isPrimary: /^primary/i.test(group[0]?.[4] ?? ''), columns: columnsOf(group) };
  });
}

function referencesOf(rows: readonly Row[], keys: readonly Row[]): readonly Reference[] {
  return rows.map(([, , name = '', toSchema = '', toTable = '']) => {
    return { name, toSchema, toTable, columns: columnsOf(keys.filter((row) => row[2] === name)) };
  });
}

/** The indexes other than those of keys. */
function indexesOf(rows: readonly Row[], keys: readonly TableKey[]): readonly TableIndex[] {
  const ofKeys = new Set(keys.map(({ columns }) => columns.join('\0')));
  const own = rows.filter(([, , , , isPrimary]) => !isYes(isPrimary));
  return grouped(own)
    .map(([name, group]) => ({ name, isUnique: !isYes(group[0]?.[5]), columns: columnsOf(group) }))
    .filter(({ isUnique, columns }) => !isUnique || !ofKeys.has(columns.join('\0')));
}

function grouped(rows: readonly Row[]): readonly [string, readonly Row[]][] {
  return [...Map.groupBy(rows, ([, , name = '']) => name)];
}

const columnsOf = (rows: readonly Row[]): readonly string[] => rows.map(([, , , column = '']) => column.toLowerCase());
