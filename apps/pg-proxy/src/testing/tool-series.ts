import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';

const folder = join(import.meta.dirname, '../../../../data/tool-statements');

interface ToolStatement {
  readonly text: string;
  readonly values?: readonly (string | null)[];
  readonly name?: string;
  /** The answer depends on the time. */
  readonly rowsMayDiffer?: true;
}

/** The statements of one tool, in order. */
export interface ToolSeries {
  readonly tool: string;
  readonly statements: readonly ToolStatement[];
}

export type Protocol = 'simple' | 'extended';

/** Everything that a driver can show about an answer: columns with types, rows as text, the tag, or the fields of the error. */
export interface Shown {
  readonly asked: string;
  readonly columns?: readonly unknown[];
  readonly rows?: readonly unknown[];
  readonly tag?: string;
  readonly error?: Readonly<Record<string, unknown>>;
}

export function toolSeries(): ToolSeries[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as ToolSeries);
}

/** Creates the objects that the series use; the client's search_path starts with the schema. */
export async function makeToolSchema(client: pg.Client): Promise<void> {
  await client.query(readFileSync(join(folder, 'schema.sql'), 'utf8'));
}

/** The same for IRIS, in each server that executes its statements; without types and words that IRIS lacks. */
export async function makeIrisSchema(client: pg.Client): Promise<void> {
  for (const statement of readFileSync(join(folder, 'iris-schema.sql'), 'utf8').split(/;\n/))
    if (statement.trim() !== '') await client.query(statement);
}

/** Catalog columns that PostgreSQL has added or dropped since 15, or whose width has changed. */
const ofVersion: ReadonlySet<string> = new Set(
  ['daticulocale', 'datlocale', 'daticurules', 'dathasloginevt', 'attcacheoff', 'conenforced', 'conperiod'].concat([
    'attstattarget',
    'stxstattarget',
    'attndims',
    'attinhcount',
    'coninhcount',
  ]),
);

/** What a client sees of an answer whatever its rows: names and types of the columns, or the SQLSTATE. */
export function shapeOf({ asked, columns, error }: Shown): unknown {
  if (error !== undefined) return error['code'];
  const shape = columns?.flatMap((column) => {
    const { name, dataTypeID } = column as pg.FieldDef;
    return ofVersion.has(name) ? [] : [`${name} ${dataTypeID}`];
  });
  // The order of the columns in `*` differs between versions, too.
  return asked.includes('.*') ? shape?.sort() : shape;
}

const ways: Readonly<Record<string, string>> = { oid: 'pg_class', type: 'pg_type', function: 'pg_proc' };

/** The series with the names and OIDs of this schema; 0 for what does not exist. */
export async function seriesIn(client: pg.Client, schema: string, series: ToolSeries): Promise<ToolSeries> {
  const known = await oidsOf(client, schema);
  const filled = (text: string): string =>
    text.replaceAll('{{schema}}', schema).replaceAll(/\{\{\w+:\w*\}\}/g, (place) => known.get(place) ?? '0');
  const statements = series.statements.map((statement) => ({
    ...statement,
    text: filled(statement.text),
    ...(statement.values && { values: statement.values.map((value) => (value === null ? null : filled(value))) }),
  }));
  return { ...series, statements };
}

async function oidsOf(client: pg.Client, schema: string): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ way: string; name: string; oid: string }>(
    `select 'oid' as way, relname as name, oid::text from pg_class where relnamespace = $1::regnamespace
     union all select 'type', typname, oid::text from pg_type where typnamespace = $1::regnamespace
     union all select 'function', proname, oid::text from pg_proc where pronamespace = $1::regnamespace
     union all select 'oid', '', $1::regnamespace::oid::text`,
    [schema],
  );
  return new Map(rows.filter(({ way }) => way in ways).map(({ way, name, oid }) => [`{{${way}:${name}}}`, oid]));
}

/** Sends the series; statements with values use the extended protocol in any case. `between` runs after each. */
export async function play(
  client: pg.Client,
  { statements }: ToolSeries,
  protocol: Protocol,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<Shown[]> {
  const shown: Shown[] = [];
  for (const statement of statements) {
    shown.push(...(await ask(client, statement, protocol)));
    await between();
  }
  return shown;
}

async function ask(client: pg.Client, statement: ToolStatement, protocol: Protocol): Promise<Shown[]> {
  const { text, values, name, rowsMayDiffer } = statement;
  const isExtended = protocol === 'extended' || values !== undefined;
  const config = {
    text,
    rowMode: 'array',
    types: { getTypeParser: () => (value: unknown) => value },
    ...(values && { values: [...values] }),
    ...(isExtended && { queryMode: 'extended', ...(name !== undefined && { name }) }),
  };
  try {
    const results = (await client.query(config as pg.QueryConfig)) as unknown as pg.QueryResult | pg.QueryResult[];
    return [results].flat().map((result) => ({ asked: text, ...shownOf(result, rowsMayDiffer === true) }));
  } catch (error) {
    const { code, message, detail, hint, position, routine } = error as pg.DatabaseError;
    return [{ asked: text, error: { code, message, detail, hint, position, routine } }];
  }
}

/** Each backend that has had a temporary table has a schema for them, and each such table an OID. */
const temporary = /^pg_(?:toast_)?temp_\d+$/;
const firstOwnOid = 16_384;

function shownOf({ command, rows, fields }: pg.QueryResult, mayDiffer: boolean): Omit<Shown, 'asked'> {
  const stable = (rows as unknown[][]).filter((row) => !row.some((value) => temporary.test(String(value))));
  const columns = fields.map(({ tableID, ...field }) => ({ ...field, tableID: Math.min(tableID, firstOwnOid) }));
  return mayDiffer ? { tag: command, columns } : { tag: `${command} ${stable.length}`, rows: stable, columns };
}
