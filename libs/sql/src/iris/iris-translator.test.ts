import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { wardCatalog } from '../testing/ward-catalog.ts';
import { irisDialect, irisVersions } from './dialect.ts';
import { irisSql } from './fragment.ts';
import type { SqlCatalog } from './catalog.ts';
import { IrisTranslator } from './iris-translator.ts';
import { schemaMap } from './names.ts';
import type { SqlCommand } from './sql-commands.ts';
import { sqlstateOf } from './sqlcode.ts';
import type { IrisTranslation, Translation } from './translation.ts';

let translator: IrisTranslator;
let bare: IrisTranslator;

beforeAll(async () => {
  translator = await IrisTranslator.load({ version: '2026.1' }, wardCatalog);
  bare = await IrisTranslator.load({ version: '2026.1' });
});

function only(text: string, by = translator): Translation {
  const [translation, ...more] = by.translate(text);
  if (translation === undefined || more.length > 0) throw new Error(`not one: ${text}`);
  return translation;
}

function iris(text: string, by = translator): IrisTranslation {
  const translation = only(text, by);
  if (translation.kind !== 'iris') throw new Error(JSON.stringify(translation));
  return translation;
}

const sql = (text: string, by = translator): string =>
  iris(text, by)
    .steps.map((step) => irisSql(step))
    .join('; ');

describe('unsupported statements are refused with their position', () => {
  it.each([
    ["select 'äö€😀', name ~ '\\w' from patients", '0A000', 21],
    ['select id from patients for update', '0A000', 16],
    ['select nosuch(id) from patients', '42883', 8],
    ['select a / b from unknown', '0A000', 10],
    ["select 'x'::int", '22P02', 8],
    ["select '2024-13-01'::date", '22008', 8],
    ["select 'tomorrow'::date", '22007', 8],
    ['select array[1, 2]', '0A000', 8],
    ["select avg(time '10:00') from patients", '0A000', 8],
    ['select * from generate_series(1, $1)', '0A000', 15],
    ['select sum(cost) over (rows between 1 preceding and current row) from encounters', '0A000', 8],
    ['select id from encounters group by rollup (id)', '0A000', 36],
    ['update patients set id = 1 returning id', '0A000', 38],
    ['merge into patients using encounters on true when matched then delete', '0A000', 27],
    ['begin isolation level serializable', '0A000', 1],
    ['begin isolation level repeatable read', '0A000', 1],
    ["prepare transaction 'x'", '0A000', 1],
    ['create table t (a int check (a > 0))', '0A000', 23],
    ['create table t (a int[])', '0A000', 19],
    ['create table t (a numeric(60, 2))', '0A000', 19],
    ['create temp table t (a int)', '0A000', 19],
    ['create policy p on patients', '0A000', 1],
    ['create schema s', '0A000', 1],
    ['create index on patients (lower(name))', '0A000', 27],
    ['create index i on notes using hnsw (e vector_l2_ops)', '0A000', 19],
    ['drop index unknown', '0A000', 1],
    ['select id from notes order by e <-> $1 limit 5', '0A000', 33],
    [`select id from notes order by e <=> '[${'0.5,'.repeat(900)}1]' limit 5`, '0A000', 33],
    ['select e <-> $1 from notes', '0A000', 10],
    ['select gen_random_uuid()', '0A000', 8],
    ['select from from', '42601', 13],
  ])('%s', (text, sqlstate, position) => {
    const translation = only(text);
    expect(translation).toMatchObject({ kind: 'refused', fault: { sqlstate } });
    expect(translation.kind === 'refused' ? translation.fault.position : 0).toBe(position);
  });

  it('in a text of several statements, at the beginning of the statement', () => {
    const [first, second] = translator.translate("select 'ä';\n  create schema s");
    expect(first?.kind).toBe('iris');
    expect(second).toMatchObject({ kind: 'refused', fault: { position: 15 } });
  });

  it('unless a kind of statement without a counterpart in IRIS is configured to be skipped', async () => {
    const lenient = await IrisTranslator.load({ version: '2026.1', skipped: ['CreatePolicyStmt'] });
    expect(iris('create policy p on patients', lenient).steps).toEqual([]);
    expect(only("comment on table patients is 'x'", lenient)).toMatchObject({
      fault: {
        message: 'COMMENT cannot be translated to IRIS SQL',
        hint: 'With "CommentStmt" in iris.skipped it succeeds without being done.',
      },
    });
  });
});

describe('known errors of other translators', () => {
  it('1: the nearest rows come first, not the farthest', () => {
    expect(sql('select id from notes order by e <=> $1 limit 3')).toMatch(
      /^SELECT TOP 3 .* ORDER BY VECTOR_COSINE\(.*\) DESC$/,
    );
    expect(sql('select id from notes order by e <=> $1 desc limit 3')).toContain(
      'ORDER BY CASE WHEN ((1 - VECTOR_COSINE',
    );
  });

  it('2: OFFSET is never lost', async () => {
    const oldest = await IrisTranslator.load({ version: '2023.1' }, wardCatalog);
    for (const by of [translator, oldest])
      expect(sql('select id from patients order by id limit 5 offset 7', by)).toMatch(/OFFSET 7|iris_rn > 7/);
  });

  it('3: text that looks like a date stays text', () => {
    expect(sql("select id from patients where name = '2024-01-31'")).toContain("%EXACT(name) = '2024-01-31'");
  });

  it('4: an empty text is not made NULL', () => {
    expect(sql("select '' where '' = $1")).toBe("SELECT '' WHERE '' = ?");
  });

  it('5: RETURNING of several rows reads each row after its own INSERT', () => {
    const { steps } = iris('insert into patients (name) values ($1), ($2) returning id');
    expect(steps.map(({ isResult }) => isResult)).toEqual([false, true, false, true]);
  });

  it('6: a number is not taken for a time', () => {
    expect(iris('insert into encounters (id, cost) values ($1, 946684800)').steps[0]).toEqual({
      pieces: ['INSERT INTO encounters (id, cost) VALUES (?, 946684800)'],
      parameters: [{ parameter: 1, use: 'value' }],
      isResult: false,
    });
  });

  it('7: keywords in a string or name do not affect a statement', () => {
    expect(sql("select 'SHOW x', 'CURRENT_SETTING' from show_log")).toBe(
      "SELECT 'SHOW x', 'CURRENT_SETTING' FROM show_log",
    );
  });

  it('8: parameters may repeat in any order, and $1 in a string is text', () => {
    expect(iris("select $2, $1, $1, '$1'").steps[0]).toMatchObject({
      pieces: ["SELECT ?, ?, ?, '$1'"],
      parameters: [2, 1, 1].map((parameter) => ({ parameter, use: 'value' })),
    });
  });

  it('9: an untranslatable statement is not sent unchanged', () => {
    expect(only("select name ~ '\\w' from patients").kind).toBe('refused');
    expect(only('selec 1').kind).toBe('refused');
  });

  it('10: errors contain no literal', () => {
    for (const text of ["select 'secret'::int", "select '2024-99-secret'::date", "select data->>'secret key' from t"]) {
      expect(JSON.stringify(only(text))).not.toContain('secret');
    }
  });

  it('11: an array of any length is one parameter', () => {
    expect(iris('select id from patients where id = any ($1)').steps[0]).toMatchObject({
      pieces: ['SELECT id FROM patients WHERE id %INLIST ?'],
      parameters: [{ parameter: 1, use: 'numbers' }],
    });
  });
});

describe('versions', () => {
  it.each([
    ['select id from patients limit 3', '2024.3', '2025.1', 'TOP 3'],
    ['select id from patients offset 3', '2025.1', '2025.2', 'LIMIT 2147483647 OFFSET 3'],
    [
      'with a as (select id from wards) select x.id from a x join a on a.id = x.id',
      '2023.3',
      '2024.1',
      'FROM (SELECT id FROM wards) AS x INNER JOIN (SELECT id FROM wards) AS a ON a.id = x.id',
    ],
  ])('%s before and after', async (text, before, after, expected) => {
    const [old, young] = [
      await IrisTranslator.load({ version: before }, wardCatalog),
      await IrisTranslator.load({ version: after }, wardCatalog),
    ];
    expect(sql(text, old)).toContain(expected);
    expect(sql(text, young)).not.toContain(expected);
  });

  it.each([
    ['select id from patients intersect select id from encounters', '2024.3', '2025.1'],
    ["select a->>'b' from t", '2023.2', '2024.1'],
    ['select e <=> $1 from notes', '2023.3', '2024.1'],
    ['create index i on notes using hnsw (e vector_ip_ops)', '2024.3', '2025.1.2'],
  ])('%s is refused in %s and translated in %s', async (text, before, after) => {
    expect(only(text, await IrisTranslator.load({ version: before }, wardCatalog)).kind).toBe('refused');
    expect(only(text, await IrisTranslator.load({ version: after }, wardCatalog)).kind).toBe('iris');
  });

  it('are supported from the oldest on', () => {
    expect(() => irisDialect('2022.1')).toThrow(RangeError);
    expect(() => irisDialect('new')).toThrow(RangeError);
    expect(irisDialect(irisVersions.newest).has('limitClause')).toBe(true);
    expect(irisDialect('2027.1').has('limitClause')).toBe(true);
  });
});

describe('published defects', () => {
  const full = 'select 1 from patients p full join encounters e on p.id = e.patient_id';
  const inner = 'select 1 from patients p left join (select patient_id from encounters) e on p.id = e.patient_id';

  it.each(['2023.1', '2024.1.5', '2025.1.3', '2025.3'])('refuse a FULL JOIN on %s', async (version) => {
    expect(only(full, await IrisTranslator.load({ version }))).toMatchObject({
      kind: 'refused',
      fault: { sqlstate: '0A000' },
    });
  });

  it.each(['2024.1.6', '2025.1.4', '2026.1'])('accept it on %s', async (version) => {
    expect(iris(full, await IrisTranslator.load({ version })).hazards).toEqual([]);
  });

  it('give a notice if it depends on plan and indexes', async () => {
    const at = async (version: string): Promise<readonly string[]> =>
      iris(inner, await IrisTranslator.load({ version })).hazards.map(({ id }) => id);
    expect(await at('2024.1.3')).toEqual(['DP-442892']);
    expect(await at('2025.1.0')).toEqual(['DP-442892']);
    expect(await at('2024.1.4')).toEqual([]);
    expect(await at('2025.1.1')).toEqual([]);
  });

  it.each(['2023.3.0', '2025.1.0'])('apply to WITH queries and views on %s', async (version) => {
    const views: SqlCatalog = {
      ...wardCatalog,
      table: (relation) => {
        const facts = wardCatalog.table(relation);
        return facts === undefined ? undefined : { ...facts, hasRowId: relation.name !== 'wards' };
      },
    };
    const translator = await IrisTranslator.load({ version }, views);
    const found = (text: string): readonly string[] => iris(text, translator).hazards.map(({ id }) => id);
    const text = 'with v as (select id from patients) select p.id from patients p left join v on v.id = p.id';
    expect(found(text)).toEqual(['DP-442892']);
    expect(found('select p.id from patients p left join wards w on w.id = p.id')).toEqual(['DP-442892']);
    expect(found('select 1 from patients p left join (patients q join wards w on true) on q.id = p.id')).toEqual([
      'DP-442892',
    ]);
    expect(found('select p.id from wards w left join patients p on w.id = p.id')).toEqual([]);
  });
});

describe('result columns', () => {
  it.each([
    ['select id, p.name as N, 1 + 1 from patients p', ['id:int4', 'n:text', '?column?:int4']],
    [
      'select count(*), sum(cost), avg(cost), max(status) from encounters',
      ['count:int8', 'sum:int8', 'avg:numeric', 'max:text'],
    ],
    [
      "select id > 1, exists (select 1), '1'::int8, now()",
      ['?column?:bool', 'exists:bool', 'int8:int8', 'now:timestamptz'],
    ],
    ['select case when active then 1 end, coalesce(name, $1) from patients', ['case:int4', 'coalesce:text']],
    ['select * from patients', ['id:int4', 'name:text', 'born:date', 'active:bool', 'score:numeric']],
    ['select x.a from (select id as a from patients) x', ['a:int4']],
  ])('%s', (text, columns) => {
    expect(iris(text).columns?.map(({ label, type }) => `${label}:${type}`)).toEqual(columns);
  });

  it('have the types of JSON that the proxy assembles, and text if untyped', () => {
    const typesOf = (text: string) => iris(text).columns?.map(({ label, type }) => `${label} ${type ?? '?'}`);
    expect(typesOf('select $1 as g, count(*) from patients group by rollup ($1)')).toEqual(['g text', 'count int8']);
    expect(
      typesOf("select coalesce(json_agg(id order by id), '[]'::json), jsonb_agg(distinct id) from patients"),
    ).toEqual([...['coalesce json', 'jsonb_agg jsonb']]);
  });

  it('are unknown for * over an unknown table, and mark columns with schema names', () => {
    expect(iris('select * from unknown', bare).columns).toBeUndefined();
    expect(iris('select table_schema from information_schema.tables').columns?.[0]?.holdsSchema).toBe(true);
    expect(schemaMap().toPostgres('sqluser')).toBe('public');
  });
});

describe('statements that are not sent', () => {
  it.each(['set a = 1', 'show a', 'reset all', 'discard all', 'listen a'])('%s', (text) =>
    expect(only(text)).toEqual({ kind: 'local' }),
  );

  it.each<[string, SqlCommand]>([
    [
      "prepare p (int, varchar(9)) as select 'as' from t where a = $1",
      {
        kind: 'prepare',
        name: 'p',
        types: ['int4', 'varchar'],
        inner: `${' '.repeat(30)} select 'as' from t where a = $1`,
      },
    ],
    [
      "execute p (1, -2.5, null, $$x$$, date '2024-01-31', '{1}'::int[])",
      {
        kind: 'execute',
        name: 'p',
        values: ['1', '-2.5', null, 'x', '2024-01-31', '{1}'],
      },
    ],
    ['deallocate a', { kind: 'deallocate', name: 'a' }],
    ['deallocate all', { kind: 'deallocate', name: undefined }],
    [
      'declare "for" no scroll cursor with hold for select 1',
      { kind: 'declare', name: 'for', isHeld: true, inner: `${' '.repeat(44)} select 1` },
    ],
    ['fetch c', { kind: 'fetch', name: 'c', rowsMax: 1, isMove: false }],
    ['fetch forward 7 from c', { kind: 'fetch', name: 'c', rowsMax: 7, isMove: false }],
    ['move all in c', { kind: 'fetch', name: 'c', rowsMax: 0, isMove: true }],
    ['close all', { kind: 'closeCursor', name: undefined }],
  ])('%s', (text, command) => expect(only(text)).toEqual({ kind: 'command', command }));

  it('has positions in the whole text', () => {
    const [, second] = translator.translate("select 'é'; prepare p as /* as */ select é;");
    expect(second).toEqual({
      kind: 'command',
      command: { kind: 'prepare', name: 'p', types: [], inner: `${' '.repeat(24)} /* as */ select é` },
    });
  });

  it.each([
    ['fetch backward 1 from c', '55000'],
    ['fetch absolute 1 from c', '55000'],
    ['declare c scroll cursor for select 1', '0A000'],
    ['prepare p (point) as select $1', '0A000'],
    ['execute p (1 + 1)', '0A000'],
    ["notify c, 'x'", '0A000'],
    ['lock table t in exclusive mode', '0A000'],
    ['explain analyze select 1', '0A000'],
  ])('%s is refused with %s', (text, sqlstate) =>
    expect(only(text)).toMatchObject({ kind: 'refused', fault: { sqlstate } }),
  );
});

describe('passthrough', () => {
  it('sends the text unchanged and counts its placeholders', () => {
    expect(iris("/*iris*/ SELECT TOP 5 %ID, '?' FROM t WHERE a = ? AND b->c = ? -- ?\n;")).toMatchObject({
      steps: [
        {
          pieces: ["SELECT TOP 5 %ID, '?' FROM t WHERE a = ? AND b->c = ? -- ?"],
          parameters: [{ parameter: 1 }, { parameter: 2 }],
        },
      ],
      columns: undefined,
    });
  });

  it('accepts numbered parameters, as drivers write them', () => {
    const text = `/*iris*/ SELECT '$1', "$2", a$1 FROM t /* $3 */ WHERE a = $2 AND b = $1 AND c = $2`;
    expect(iris(text)).toMatchObject({
      steps: [
        {
          pieces: [`SELECT '$1', "$2", a$1 FROM t /* $3 */ WHERE a = ? AND b = ? AND c = ?`],
          parameters: [{ parameter: 2 }, { parameter: 1 }, { parameter: 2 }],
        },
      ],
      highest: 2,
    });
  });
});

describe('COPY', () => {
  it('becomes an INSERT to which each row is bound', () => {
    expect(only('copy public.patients (id, name) from stdin')).toMatchObject({
      kind: 'copyIn',
      insert: { pieces: ['INSERT INTO SQLUser.patients (id, name) VALUES (?, ?)'] },
      columns: ['id', 'name'],
    });
    expect(only('copy unknown from stdin').kind).toBe('refused');
  });
});

describe('values in the text', () => {
  it('are checked before they are inlined', () => {
    const [step] = iris('select id from patients limit $1 offset $2').steps;
    const at = (limit: string | undefined, offset: string | undefined): string =>
      irisSql(step ?? { pieces: [], parameters: [] }, (parameter) => (parameter === 1 ? limit : offset));
    expect(at('5', '10')).toBe('SELECT id FROM patients LIMIT 5 OFFSET 10');
    expect(at(undefined, undefined)).toBe('SELECT id FROM patients LIMIT 2147483647 OFFSET 0');
    for (const bad of ['1; drop table t', '1.5', '']) expect(() => at(bad, '0')).toThrow(SyntaxError);
    for (const bad of ['-1', '12345678901']) expect(() => at(bad, '0')).toThrow(RangeError);
  });

  it('are returned unchanged', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
        (text) => {
          const quoted = `'${text.replaceAll("'", "''")}'`;
          expect(sql(`select ${quoted} where $1 = ${quoted}`)).toBe(`SELECT ${quoted} WHERE ? = ${quoted}`);
        },
      ),
    );
  });
});

describe('codes and values of IRIS', () => {
  it.each([
    [-1, '', '42601'],
    [-30, '', '42P01'],
    [-29, '', '42703'],
    [-119, '', '23505'],
    [-108, '', '23502'],
    [-400, '<DIVIDE>zMain', '22012'],
    [-400, '<ILLEGAL VALUE>zMain', '22023'],
    [-400, '<MAXNUMBER>zMain', '22003'],
    [-432, 'Function returned multiple rows when only a single value is expected', '21000'],
    [-120, '', '23505'],
    [-123, '', '23503'],
    [-201, '', '42P07'],
    [-456, '', '57014'],
    [-359, '', '42883'],
    [-400, '', 'XX000'],
    [-9_999, '', '42000'],
    [undefined, 'SQLCODE: <-119>:<UNIQUE constraint failed>', '23505'],
    [undefined, 'Communication link failure', '08006'],
    [undefined, 'License limit exceeded', '53300'],
  ])('%s %s is %s', (code, wording, state) => expect(sqlstateOf(code, wording)).toBe(state));
});
