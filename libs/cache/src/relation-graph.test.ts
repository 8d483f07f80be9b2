import { beforeAll, describe, expect, it } from '@jest/globals';
import { SqlAnalyser } from '@medrex/sql';
import { changesOf } from './changes.ts';
import { definitions, wholeDatabase } from './epochs.ts';
import { RelationGraph } from './relation-graph.ts';
import { aCatalog, idIn, type ARelation } from './testing/a-catalog.ts';

const relations: readonly ARelation[] = [
  { name: 'ward' },
  { name: 'bed', cascadesFrom: 'ward' },
  { name: 'sheet', cascadesFrom: 'bed' },
  { name: 'visit', refersTo: 'ward' },
  { name: 'vitals', kind: 'p' },
  { name: 'vitals_2026', parent: 'vitals' },
  { name: 'vitals_2025', parent: 'vitals' },
  { name: 'occupied', kind: 'v', definition: 'select bed.id from public.bed join public.ward using (id)' },
  { name: 'today', kind: 'v', definition: 'select * from public.visit where day = current_date' },
  { name: 'nested', kind: 'v', definition: 'select * from public.occupied' },
  { name: 'secret', hasRowSecurity: true },
  { name: 'elsewhere', kind: 'f' },
  {
    name: 'stamped',
    trigger: "begin new.changed := now(); -- update\n if tg_op = 'UPDATE' then return new; end if; return new; end",
  },
  { name: 'told', trigger: "begin perform pg_notify('medrex_cache', tg_table_name); return null; end" },
  { name: 'logged', trigger: 'begin insert into log values (1); return new; end' },
  { name: 'calling', trigger: 'begin new.a := mine(1); return new; end' },
  { name: 'ruled', hasRule: true },
  {
    name: 'watched',
    kind: 'v',
    definition: 'select mine(id) from public.visit',
    readCode: 'insert into log values (1)',
  },
  { name: 'above', kind: 'v', definition: 'select * from public.watched' },
  { name: 'by_tenant', kind: 'v', definition: 'select * from public.visit', readCode: "select current_setting('a.b')" },
  { name: 'ward', schema: 'archive' },
];
const functions = { similarity: 0, declared_stable: 1, writer: 2, mine: 2 };

let analyser: SqlAnalyser;
let graph: RelationGraph;
const ids = (...names: string[]): number[] => names.map((name) => idIn(relations, name)).sort((a, b) => a - b);
const sorted = (found: readonly number[] | undefined): number[] | undefined =>
  found && [...found].sort((a, b) => a - b);
const reads = (text: string): number[] | undefined => {
  const analysis = analyser.analyse(text);
  if (analysis.kind !== 'read') throw new Error(text);
  return sorted(graph.dependencies(analysis.statements[0]!, text));
};
const changed = (text: string): number[] | undefined =>
  sorted([...new Set(changesOf(analyser.analyse(text)).flatMap((changes) => graph.changed(changes)))]);

beforeAll(async () => {
  analyser = await SqlAnalyser.load();
  // A relation of the same name in another schema.
  const rows = aCatalog(relations, functions);
  const archive = [99, 'archive', 'ward', 'r', false, null] as const;
  const words = { operators: ['==='], rowFunctions: ['bill'] };
  graph = new RelationGraph({ ...rows, ...words, relations: [...rows.relations.slice(0, -1), archive] }, (text) =>
    analyser.analyse(text),
  );
});

describe('the relations of an answer', () => {
  it.each([
    ['select * from public.ward', ['ward']],
    ['select * from bed b join visit v using (id) where exists (select 1 from sheet)', ['bed', 'visit', 'sheet']],
    ['select * from vitals', ['vitals']],
    ['select * from nested', ['nested', 'occupied', 'bed', 'ward']],
    ['select lower(a), to_char(b, $1), similarity(a, b) from bed', ['bed']],
  ])('%s', (text, names) => {
    const found = reads(text)!;
    expect(found.filter((id) => id !== 99)).toEqual([wholeDatabase, ...ids(...names)].sort((a, b) => a - b));
  });

  it('is every relation of that name where the schema is left out', () => {
    expect(reads('select * from ward')).toEqual([wholeDatabase, ...ids('ward'), 99].sort((a, b) => a - b));
  });

  it.each([
    'select * from secret',
    'select * from elsewhere',
    'select * from today',
    'select * from nobody_knows_it',
    'select now(), * from ward',
    'select random() from ward',
    'select writer(a) from ward',
    'select declared_stable(a) from ward',
    "select * from visit where day = 'today'",
    "select * from visit where day > 'Tomorrow 10:00'",
    'select * from ward for update',
    'select * from ward tablesample system (10)',
    'select 1',
    'select * from ward, pg_class',
    'insert into ward values (1) returning *',
    'with gone as (delete from ward returning *) select * from gone',
    'select * into copy from ward',
    "select set_config('a', 'b', true) from ward",
    'show all',
    'explain select * from ward',
  ])('are unknown, so that it is not cached, for: %s', (text) => {
    expect(reads(text)).toBeUndefined();
  });

  it.each([
    'select relname from pg_class where pg_table_is_visible(oid)',
    'select * from information_schema.columns where table_name = $1',
    'select information_schema._pg_expandarray(indkey) from pg_catalog.pg_index',
    'select version()',
    'select current_schema(), session_user',
  ])('are the definitions only: %s', (text) => {
    expect(reads(text)).toEqual([definitions]);
  });

  it.each([
    'select * from pg_stat_activity',
    'select * from pg_settings',
    'select * from pg_class, pg_locks',
    'select pg_backend_pid()',
    'select relname, now() from pg_class',
    'select pg_relation_size(oid) from pg_class',
    'select reltuples, writer(oid) from pg_class',
    'select last_value from pg_sequences',
  ])('are not the definitions only: %s', (text) => {
    expect(reads(text)).toBeUndefined();
  });
});

describe('the relations that a statement changes', () => {
  const rows = [wholeDatabase];
  const everything = [definitions, wholeDatabase];
  it.each<[string, number[]]>([
    ['select * from ward', []],
    ['select lower(a), declared_stable(b), similarity(a, b), now(), nextval($1) from ward', []],
    ['begin', []],
    ['vacuum ward', everything],
    ['set search_path to archive', []],
    ['prepare p as insert into ward values (1)', []],
    ['create temp table scratch as select * from ward', []],
    ['insert into sheet values (gen_random_uuid())', ids('sheet')],
    ['copy sheet from stdin', ids('sheet')],
    ['update visit set a = 1', ids('visit')],
    ['with gone as (delete from sheet returning *) insert into visit select * from gone', ids('sheet', 'visit')],
    ['merge into sheet using visit on true when matched then delete', ids('sheet')],
    ['explain analyze delete from sheet', ids('sheet')],
    ['delete from public.ward', ids('ward', 'bed', 'sheet')],
    ['truncate public.ward cascade', [definitions, ...ids('ward', 'bed', 'sheet', 'visit')]],
    ['insert into vitals_2026 values (1)', ids('vitals', 'vitals_2025', 'vitals_2026')],
    ['delete from vitals', ids('vitals', 'vitals_2025', 'vitals_2026')],
    ['update occupied set id = 1', ids('occupied', 'bed', 'ward', 'sheet')],
    ['refresh materialized view visit', ids('visit')],
    ['insert into stamped values (1)', ids('stamped')],
    ['insert into told values (1)', ids('told')],
    ['insert into logged values (1)', [wholeDatabase, ...ids('logged')]],
    ['insert into calling values (1)', [wholeDatabase, ...ids('calling')]],
    ['update ruled set a = 1', [wholeDatabase, ...ids('ruled')]],
    ['insert into elsewhere values (1)', [wholeDatabase, ...ids('elsewhere')]],
    ['insert into nobody_knows_it values (1)', rows],
    ['select writer(1)', rows],
    ['select unheard_of(1)', rows],
    ["select query_to_xml('delete from ward', true, true, '')", rows],
    ['insert into sheet values (writer(1))', [wholeDatabase, ...ids('sheet')]],
    ['call anything()', everything],
    ['do $$ begin delete from ward; end $$', everything],
    ['execute p', everything],
    ["commit prepared 'two'", everything],
    ['create table new_one (a int)', everything],
    ['alter table ward add b int', everything],
    ['grant select on ward to public', everything],
    ['drop view nested', everything],
    ['this is no SQL', everything],
  ])('%s', (text, expected) => {
    expect(changed(text)!.filter((id) => id !== 99)).toEqual([...expected].sort((a, b) => a - b));
  });

  it.each<[string, boolean]>([
    ['select * from watched', true],
    ['with a as (table above) select * from a', true],
    ['select * from by_tenant, visit', false],
    ['select a === b from visit', true],
    ['select visit.bill from visit', true],
    ['select bill from visit', false],
  ])('may be all, because it runs unnamed code: %s, %s', (text, expected) => {
    const analysis = analyser.analyse(text);
    if (analysis.kind !== 'read') throw new Error(text);
    expect(graph.runsUnknownCode(analysis.statements[0]!, text)).toBe(expected);
    if (expected) expect(graph.dependencies(analysis.statements[0]!, text)).toBeUndefined();
  });

  it('is every relation of that name where the schema is left out', () => {
    expect(changed('delete from ward')).toContain(99);
  });
});
