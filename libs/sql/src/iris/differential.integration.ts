import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal, seededRandom } from '@medrex/contracts/testing';
import pg from 'pg';
import { boundQueries } from '../testing/bound-queries.ts';
import { postgresOfIris } from '../testing/iris-reader.ts';
import { outsideQueries } from '../testing/outside-queries.ts';
import { reportingQueries } from '../testing/reporting-queries.ts';
import { rewrittenQueries } from '../testing/rewritten-queries.ts';
import { spelledOutQueries } from '../testing/spelled-out-queries.ts';
import { timeQueries } from '../testing/time-queries.ts';
import { widenedQueries } from '../testing/widened-queries.ts';
import { QueryWriter, type WrittenQuery } from '../testing/query-grammar.ts';
import { wardCatalog } from '../testing/ward-catalog.ts';
import { writtenQueries, youngerQueries } from '../testing/written-queries.ts';
import type { ColumnFacts, SqlCatalog } from './catalog.ts';
import { irisSql, type ParameterUse } from './fragment.ts';
import { intervalValue, microsPerDay, type IntervalValue } from './interval-text.ts';
import { IrisTranslator } from './iris-translator.ts';
import { ageBetween, joinedText, sumOfSpans, textOfValues, type ProxyComputation } from './proxy-computation.ts';
import type { PgType } from './pg-type.ts';
import { scaleDigits, type NumericScale } from './quotient.ts';
import { defaultPath } from './search-path.ts';
import type { ResultColumn, Translation } from './translation.ts';

const seed = Number(process.env['MEDREX_SEED'] ?? 7);
const generated = Number(process.env['MEDREX_DIFFERENTIAL_QUERIES'] ?? 600);

/**
 * Creates the ward tables in a schema: one copy as in PostgreSQL, one as in IRIS, where BIT is a number and text compares without case
 * unless %EXACT is used. A translation that ignores this returns different rows.
 */
function wardSql(schema: string, text: string, flag: string): string {
  const isOn = (value: boolean): string => (flag === 'boolean' ? String(value) : value ? '1' : '0');
  return `
    DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}; SET search_path TO ${schema};
    CREATE COLLATION sqlupper (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE patients (id int NOT NULL, name ${text}, born date, active ${flag}, score numeric);
    CREATE TABLE encounters (id int NOT NULL, patient_id int, status ${text}, started timestamp, cost int, code varchar);
    CREATE TABLE wards (id int NOT NULL, parent int, label ${text} NOT NULL);
    INSERT INTO patients VALUES
      (1, 'Ann', '1980-02-29', ${isOn(true)}, 1.5), (2, 'ann', '2000-12-31', ${isOn(false)}, 2.5), (3, 'Bob ', NULL, NULL, -2.5),
      (4, NULL, '1999-01-31', ${isOn(true)}, NULL), (5, 'Zoë', '2024-02-29', ${isOn(false)}, 3), (6, '', '1970-01-01', ${isOn(true)}, 0),
      (7, 'ANN', '1980-02-29', NULL, 12.25), (8, 'bob', '1850-06-15', ${isOn(false)}, 7), (9, 'a_c', '2001-09-09', ${isOn(true)}, 2.5),
      (10, 'abc', NULL, ${isOn(false)}, -1), (11, 'O''Hara', '1955-05-05', ${isOn(true)}, 100), (12, '10', '1999-01-31', NULL, 4),
      (13, '9', NULL, ${isOn(true)}, 4), (14, '-2', '2001-09-09', ${isOn(false)}, 0.5), (15, '.5', NULL, NULL, 7), (16, '1.50', NULL, NULL, 7);
    INSERT INTO encounters VALUES
      (1, 1, 'open', '2024-01-31 10:20:30', 5, 'A1'), (2, 1, 'Open', '2024-02-29 23:59:59', 7, 'a1'),
      (3, 2, 'closed', '2023-12-31 00:00:00', NULL, 'B2'), (4, 3, NULL, NULL, 12, NULL), (5, 5, 'OPEN', '2024-03-31 12:00:00', 0, 'c'),
      (6, NULL, 'closed', '2020-06-01 06:30:00', -7, '9'), (7, 9, 'Closed', '2024-01-31 10:20:30', 9, 'x'), (8, 1, 'open', NULL, 3, '10');
    INSERT INTO wards VALUES (1, NULL, 'House'), (2, 1, 'North'), (3, 1, 'north'), (4, 2, 'N1'), (5, 2, 'n1'), (6, 9, 'Ann');`;
}

const oids: Readonly<Partial<Record<PgType, number>>> = {
  bool: 16,
  int2: 21,
  int4: 23,
  int8: 20,
  numeric: 1700,
  float4: 700,
  float8: 701,
  text: 25,
  varchar: 1043,
  bpchar: 1042,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  uuid: 2950,
  json: 114,
  jsonb: 3802,
};

const arrayOids: typeof oids = { bool: 1000, int4: 1007, text: 1009, date: 1182, timestamp: 1115 };

/** Columns with collation EXACT (of encounters). */
const exactColumns = new Set(['code']);

type Rows = readonly (readonly string[])[];

interface Tally {
  compared: number;
  refused: number;
  invalid: number;
  readonly different: string[];
}

describeReal('POSTGRES', 'what IRIS would answer to a translated query, and PostgreSQL to the query', (where) => {
  const sides = { postgres: 'sql_diff_postgres', iris: 'sql_diff_iris' } as const;
  const types = { getTypeParser: () => (value: string) => value };
  let postgres: pg.Client;
  let iris: pg.Client;
  let fields: readonly pg.FieldDef[] = [];
  let texts: readonly (readonly (string | null)[])[] = [];

  beforeAll(async () => {
    [postgres, iris] = [
      new pg.Client({ connectionString: where, types }),
      new pg.Client({ connectionString: where, types }),
    ];
    await Promise.all([postgres.connect(), iris.connect()]);
    await postgres.query(wardSql(sides.postgres, 'text COLLATE "C"', 'boolean'));
    await iris.query(wardSql(sides.iris, 'text COLLATE sqlupper', 'integer'));
  });

  afterAll(async () => {
    await postgres.query(`DROP SCHEMA ${sides.postgres} CASCADE`);
    await iris.query(`DROP SCHEMA ${sides.iris} CASCADE`);
    await Promise.all([postgres.end(), iris.end()]);
  });

  async function rowsOf(
    client: pg.Client,
    text: string,
    values: readonly (string | null)[],
    isOrdered: boolean,
    columns: readonly ResultColumn[] = [],
  ): Promise<Rows> {
    const result = await client.query<(string | null)[]>({ text, values: [...values], rowMode: 'array' });
    const isInterval = result.fields.map(({ dataTypeID }) => dataTypeID === oids.interval);
    const rows = result.rows.map((row) =>
      row.map((value, place) => {
        const made = columns[place]?.computation;
        if (value !== null && isMadeInterval(made))
          return JSON.stringify(intervalOf(made, value) ?? intervalValue(value));
        const text = value === null || made === undefined ? value : textOfMade(made, value);
        return plain(isInterval[place] === true ? microsOf(text) : text);
      }),
    );
    fields = result.fields;
    texts = result.rows;
    return isOrdered ? rows : rows.sort((left, right) => (left.join('\0') < right.join('\0') ? -1 : 1));
  }

  async function compare(
    translator: IrisTranslator,
    { sql, parameters, isOrdered }: WrittenQuery,
    tally: Tally,
  ): Promise<void> {
    const [translation] = boundTranslation(translator, sql, parameters);
    const ages = translation?.kind === 'iris' ? agesOf(translation.columns) : [];
    const expected = await rowsOf(postgres, sql, parameters, isOrdered, ages).catch(() => undefined);
    const written = texts;
    const described = fields.map(({ name, dataTypeID }) => ({ name, dataTypeID }));
    if (expected === undefined) {
      tally.invalid++;
      return;
    }
    if (translation?.kind !== 'iris') {
      tally.refused++;
      return;
    }
    const columns = translation.columns?.map(({ label, type, computation }, place) => {
      const own = computation?.kind === 'values' && computation.as === 'array' ? arrayOids : oids;
      return { name: label, dataTypeID: type === undefined ? described[place]?.dataTypeID : own[type] };
    });
    if (columns !== undefined && JSON.stringify(columns) !== JSON.stringify(described))
      tally.different.push([sql, JSON.stringify(described), JSON.stringify(columns)].join('\n  '));
    const isScale = (scale: NumericScale | undefined, place: number): boolean =>
      scale === undefined || written.every((row) => hasScale(row[place] ?? null, scale));
    if (translation.columns?.every(({ scale }, place) => isScale(scale, place)) === false)
      tally.different.push(`${sql}\n  scales ${translation.columns.map(({ scale }) => JSON.stringify(scale)).join()}`);
    const step = translation.steps.find(({ isResult }) => isResult) ?? { pieces: [], parameters: [] };
    const text = irisSql(step, (parameter) => parameters[parameter - 1] ?? undefined);
    const back = postgresOfIris(
      text,
      step.parameters.map(({ parameter, use }) => boundAs(use, parameters[parameter - 1] ?? null)),
      exactColumns,
    );
    const actual = await rowsOf(iris, back, [], isOrdered, translation.columns).catch((error: unknown) => [
      [String(error)],
    ]);
    tally.compared++;
    if (JSON.stringify(actual) !== JSON.stringify(expected)) {
      tally.different.push(
        [sql, parameters.join(), text, back, JSON.stringify(expected), JSON.stringify(actual)].join('\n  '),
      );
    }
  }

  const emptyTally = (): Tally => ({ compared: 0, refused: 0, invalid: 0, different: [] });

  describe.each(['2023.1', '2025.1', '2026.1'])('on IRIS %s', (version) => {
    let translator: IrisTranslator;

    beforeAll(async () => {
      translator = await IrisTranslator.load({ version }, wardCatalog);
    });

    it('is the same for queries of applications', async () => {
      const tally = emptyTally();
      const queries = version === '2023.1' ? writtenQueries : [...writtenQueries, ...youngerQueries];
      for (const query of queries) await compare(translator, query, tally);
      expect(tally).toEqual({ compared: queries.length, refused: 0, invalid: 0, different: [] });
    });

    it('is the same for queries written without knowledge of the translator', async () => {
      const tally = emptyTally();
      for (const query of outsideQueries) await compare(translator, query, tally);
      expect(tally.different).toEqual([]);
      const isNewest = version === '2026.1';
      expect({ ...tally, refused: isNewest ? tally.refused : 0 }).toMatchObject({ refused: 0, invalid: 0 });
      expect(tally.compared).toBeGreaterThan(outsideQueries.length * 0.9);
    });

    it('is the same for time queries of reports', async () => {
      const tally = emptyTally();
      for (const query of timeQueries) await compare(translator, query, tally);
      expect(tally.different).toEqual([]);
      expect(tally).toMatchObject({ refused: 0, invalid: 0 });
    });

    it('is the same for queries that are spelled out in other features', async () => {
      const tally = emptyTally();
      for (const query of spelledOutQueries) await compare(translator, query, tally);
      expect(tally.different).toEqual([]);
      expect(tally).toMatchObject({ refused: 0, invalid: 0 });
    });

    it('is the same for queries whose functions differ or are missing in IRIS', async () => {
      const tally = emptyTally();
      for (const query of widenedQueries) await compare(translator, query, tally);
      expect(tally.different).toEqual([]);
      expect(tally).toMatchObject({ refused: 0, invalid: 0 });
    });

    it('is the same for rewritten queries', async () => {
      const tally = emptyTally();
      for (const query of rewrittenQueries) await compare(translator, query, tally);
      expect(tally.different).toEqual([]);
      expect(tally).toMatchObject({ refused: 0, invalid: 0 });
    });

    it('is the same for reporting queries', async () => {
      const tally = emptyTally();
      for (const query of reportingQueries) await compare(translator, query, tally);
      expect(tally.different).toEqual([]);
      expect(tally).toMatchObject({ refused: 0, invalid: 0 });
    });

    it('is the same for queries that depend on bound values', async () => {
      const tally = emptyTally();
      for (const query of boundQueries) await compare(translator, query, tally);
      expect(tally.different).toEqual([]);
      expect(tally).toMatchObject({ refused: 0, invalid: 0 });
    });

    it(`is the same for ${generated} random queries (seed ${seed})`, async () => {
      const writer = new QueryWriter(seededRandom(seed));
      const tally = emptyTally();
      for (let place = 0; place < generated; place++) await compare(translator, writer.query(), tally);
      expect(tally.different.slice(0, 5)).toEqual([]);
      expect(tally.compared).toBeGreaterThan(generated * 0.7);
    });
  });

  describe('the comparison', () => {
    const forgetful: SqlCatalog = {
      ...wardCatalog,
      table: (relation) => {
        const facts = wardCatalog.table(relation);
        const columns = facts?.columns.map((column): ColumnFacts => ({ ...column, collation: 'exact' }));
        return facts === undefined ? undefined : { ...facts, columns: columns ?? [] };
      },
    };

    it.each([
      ['a text that is compared without case', forgetful, true],
      ['NULLs that come where IRIS has them', wardCatalog, false],
    ])('sees %s', async (_, catalog, isOrderKept) => {
      const translator = await IrisTranslator.load({ version: '2026.1', isOrderKept }, catalog);
      const tally = emptyTally();
      for (const query of writtenQueries) await compare(translator, query, tally);
      expect(tally.different.length).toBeGreaterThan(0);
    });
  });
});

/** Translates by the values that the translation depends on, as after a Bind. */
function boundTranslation(
  translator: IrisTranslator,
  sql: string,
  parameters: WrittenQuery['parameters'],
): readonly Translation[] {
  const all = translator.translate(sql);
  const constants = all[0]?.kind === 'iris' ? all[0].constants : [];
  if (constants.length === 0) return all;
  const values = new Map(constants.map((number) => [number, parameters[number - 1] ?? null] as const));
  return translator.translate(sql, [], defaultPath, values);
}

function textOfMade(made: ProxyComputation, value: string): string {
  if (made.kind === 'values')
    return textOfValues(made, value, (text) => (made.of === 'bool' ? (text === '1' ? 't' : 'f') : text));
  return made.kind === 'joined' ? joinedText(made, value) : value;
}

type MadeInterval = Extract<ProxyComputation, { kind: 'age' | 'summedSpans' }>;
const isMadeInterval = (made: ProxyComputation | undefined): made is MadeInterval =>
  made?.kind === 'age' || made?.kind === 'summedSpans';
const intervalOf = (made: MadeInterval, value: string): IntervalValue | undefined =>
  made.kind === 'age' ? ageBetween(value) : sumOfSpans(value, made.isAverage);

/** Of PostgreSQL's columns nothing is made, but these intervals are compared field by field. */
const agesOf = (columns: readonly ResultColumn[] = []): readonly ResultColumn[] =>
  columns.map(({ computation, ...column }) => (isMadeInterval(computation) ? { ...column, computation } : column));

function boundAs(use: ParameterUse, value: string | null): string | null {
  if (value === null) return null;
  if (use === 'months') return String(intervalValue(value)?.months);
  if (use === 'time') return microsOf(value);
  return use === 'behindBlank' ? ` ${value}` : value;
}

const hasScale = (text: string | null, scale: NumericScale): boolean =>
  text === null || (text.split('.')[1]?.length ?? 0) === scaleDigits(text, scale);

/** Converts an interval of PostgreSQL to microseconds, as in the translation. */
function microsOf(text: string | null): string | null {
  const value = text === null ? undefined : intervalValue(text);
  return value === undefined ? null : String(value.days * microsPerDay + value.micros);
}

/** Normalizes values that types format differently: TRUE and 1, 2.50 and 2.5. */
function plain(value: string | null): string {
  if (value === null) return 'NULL';
  if (value === 't' || value === 'f') return value === 't' ? '1' : '0';
  const moment = /^(\d{4}-\d\d-\d\d .*)\+00$/.exec(value)?.[1]; // IRIS stores no zone; all values are in UTC
  if (moment !== undefined) return `'${moment}'`;
  if (isJson(value)) return sorted(JSON.parse(value));
  return /^-?\d+(\.\d+)?$/.test(value) ? String(Number(value)) : `'${value}'`;
}

/** `{a,b}` is an array. */
function isJson(value: string): boolean {
  try {
    return typeof JSON.parse(value) === 'object';
  } catch {
    return false;
  }
}

/** Sorts the keys of JSON, for comparison. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part !== 'object' || part === null || Array.isArray(part)
      ? part
      : Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1))),
  );
}
