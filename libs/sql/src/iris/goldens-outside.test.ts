import { beforeAll, describe, expect, it } from '@jest/globals';
import { becomes, type Golden } from '../testing/golden.ts';
import { wardCatalog } from '../testing/ward-catalog.ts';
import { IrisTranslator } from './iris-translator.ts';

// Statements written without knowledge of the translator.
let translator: IrisTranslator;

beforeAll(async () => {
  translator = await IrisTranslator.load({ version: '2026.1' }, wardCatalog);
});

describe('becomes', () => {
  it.each<Golden>([
    ["select '{\"a\": {\"b\": 1}}'::jsonb -> 'a' -> 'b'", ['SELECT CAST(\'{"a": {"b": 1}}\' AS VARCHAR(65535))']],
    [
      'select \'{"a": {"b": "x"}}\'::jsonb -> \'a\' ->> \'b\'',
      ['SELECT JSON_VALUE(CAST(\'{"a": {"b": "x"}}\' AS VARCHAR(65535)), \'$.a.b\')'],
    ],
    ["select '{\"a\": 1}'::json ->> 'a'", ["SELECT JSON_VALUE(CAST('{\"a\": 1}' AS VARCHAR(65535)), '$.a')"]],
    ["select '[1,2]'::jsonb ->> 1", ["SELECT JSON_VALUE(CAST('[1,2]' AS VARCHAR(65535)), '$[1]')"]],
    [
      "select '{\"a\": [1,2]}'::jsonb #>> '{a,0}'",
      ["SELECT JSON_VALUE(CAST('{\"a\": [1,2]}' AS VARCHAR(65535)), '$.a[0]')"],
    ],
    [
      "select jsonb_build_object('a', id, 'b', name) from patients order by id",
      [`SELECT REPLACE(JSON_OBJECT('a':id, 'b':name), '"\\u0000"', '""') FROM patients ORDER BY id`],
    ],
    ["select json_build_array(1, 'x', null)", ["SELECT JSON_ARRAY(1, 'x', NULL)"]],
    ["select string_agg(name, ',') from wards w", ['SELECT LIST(name) FROM wards AS w']],
    [
      "select string_agg(distinct status, ',') from encounters where id < 3",
      ['SELECT LIST(DISTINCT %EXACT(status)) FROM encounters WHERE id < 3'],
    ],
    [
      "insert into wards (id, parent, label) values (20, 1, 'A'), (21, null, 'B') returning id, label",
      [
        "INSERT INTO wards (id, parent, label) VALUES (20, 1, 'A')",
        'SELECT id, label FROM wards WHERE %ID = LAST_IDENTITY()',
        "INSERT INTO wards (id, parent, label) VALUES (21, NULL, 'B')",
        'SELECT id, label FROM wards WHERE %ID = LAST_IDENTITY()',
      ],
    ],
    [
      "insert into wards (id, label) values (22, 'x') returning *",
      [
        "INSERT INTO wards (id, label) VALUES (22, 'x')",
        'SELECT id, parent, label FROM wards WHERE %ID = LAST_IDENTITY()',
      ],
    ],
    ["insert into wards values (23, 1, 'y')", ["INSERT INTO wards (id, parent, label) VALUES (23, 1, 'y')"]],
    ['insert into wards values (23, 1)', ['INSERT INTO wards (id, parent) VALUES (23, 1)']],
    ['insert into wards default values', ['INSERT INTO wards DEFAULT VALUES']],
    [
      "insert into wards (id, parent, label) values (24, default, 'z')",
      ["INSERT INTO wards (id, label) VALUES (24, 'z')"],
    ],
    [
      'insert into wards (id, label) select id + 100, name from patients where name is not null',
      ['INSERT INTO wards (id, label) SELECT id + 100 AS "?column?", name FROM patients WHERE name IS NOT NULL'],
    ],
    [
      "insert into wards (id, parent, label) values (1, 2, 'x') on conflict (id) do update set parent = excluded.parent, label = excluded.label",
      ["INSERT OR UPDATE INTO wards (id, parent, label) VALUES (1, 2, 'x')"],
    ],
    [
      "insert into patients (id, active, born, score) values (30, 'true', '1999-01-01', '1.50')",
      ["INSERT INTO patients (id, active, born, score) VALUES (30, 1, '1999-01-01', 1.50)"],
    ],
    ["insert into patients (id, active) values ('32', 'y')", ['INSERT INTO patients (id, active) VALUES (32, 1)']],
    ['insert into patients (id, name) values (33, 5)', ['INSERT INTO patients (id, name) VALUES (33, 5)']],
    [
      'insert into encounters (id, started) values (40, now())',
      ['INSERT INTO encounters (id, started) VALUES (40, GETUTCDATE(6))'],
    ],
    [
      "insert into encounters (id, started) values (40, '2024-01-01 10:00:00+02')",
      ["INSERT INTO encounters (id, started) VALUES (40, '2024-01-01 10:00:00')"],
    ],
    [
      "insert into wards (id, label) overriding system value values (1, 'a')",
      ["INSERT INTO wards (id, label) VALUES (1, 'a')"],
    ],
    [
      "insert into encounters (id, started) values (1, '2024-01-31'), (2, null) on conflict do nothing",
      [
        "INSERT INTO encounters (id, started) SELECT 1, CAST('2024-01-31 00:00:00' AS TIMESTAMP) WHERE NOT EXISTS (SELECT 1 FROM encounters WHERE (encounters.id = CAST(1 AS INTEGER)))",
        'INSERT INTO encounters (id, started) SELECT 2, NULL WHERE NOT EXISTS (SELECT 1 FROM encounters WHERE (encounters.id = CAST(2 AS INTEGER)))',
      ],
    ],
    [
      'insert into encounters (id, code) values (1, $1) on conflict (code) do nothing returning id',
      [
        'INSERT INTO encounters (id, code) SELECT 1, ? WHERE NOT EXISTS (SELECT 1 FROM encounters WHERE (encounters.code = %EXACT(CAST(? AS VARCHAR(65535))))) -- $1, $1',
        'SELECT id FROM encounters WHERE %ID = LAST_IDENTITY()',
      ],
    ],
    [
      "insert into wards as w (id, parent, label) values (1, 2, 'x') on conflict (id) do update set parent = w.parent + excluded.parent returning w.label",
      [
        'UPDATE wards AS w SET parent = w.parent + CAST(2 AS INTEGER) WHERE (w.id = CAST(1 AS INTEGER))',
        "INSERT INTO wards (id, parent, label) VALUES (1, 2, 'x')",
        'SELECT w.label FROM wards AS w WHERE (w.id = CAST(1 AS INTEGER))',
      ],
    ],
    ["insert into wards as w (id, label) values (1, 'x')", ["INSERT INTO wards (id, label) VALUES (1, 'x')"]],
    [
      "update patients p set (name, score) = ('x', p.score + 1) where p.id = 1 and p.active returning p.id, score",
      [
        "UPDATE patients AS p SET name = 'x', score = p.score + 1 WHERE (p.id = 1) AND (p.active = 1)",
        'SELECT p.id, score FROM patients AS p WHERE (p.id = 1)',
      ],
    ],
    [
      'update wards set (parent, label) = (select min(id), max(status) from encounters) where id = 2',
      [
        'UPDATE wards SET parent = (SELECT MIN(id) AS "min" FROM encounters), label = (SELECT SUBSTRING(MAX(CASE WHEN status IS NOT NULL THEN %EXACT(\' \' || status) END), 2) AS "max" FROM encounters) WHERE id = 2',
      ],
    ],
    ["update patients set name = 'x' where id = 1", ["UPDATE patients SET name = 'x' WHERE id = 1"]],
    [
      'update patients set score = score * 1.1, active = not active where id in (1, 2)',
      [
        'UPDATE patients SET score = score * 1.1, active = CASE WHEN NOT (active = 1) THEN 1 WHEN NOT (NOT (active = 1)) THEN 0 END WHERE id IN (1, 2)',
      ],
    ],
    [
      'update patients p set score = e.cost from encounters e where e.patient_id = p.id and e.id = 2',
      ['UPDATE patients AS p SET score = e.cost FROM encounters AS e WHERE (e.patient_id = p.id) AND (e.id = 2)'],
    ],
    [
      'update patients set name = (select label from wards where id = 1) where id = 1',
      ['UPDATE patients SET name = (SELECT label FROM wards WHERE id = 1) WHERE id = 1'],
    ],
    ["update patients set active = 't' where id = 3", ['UPDATE patients SET active = 1 WHERE id = 3']],
    [
      "update patients set active = true where born > '2000-01-01'",
      ["UPDATE patients SET active = 1 WHERE born > '2000-01-01'"],
    ],
    [
      "update patients set born = born + interval '1 day' where id = 1",
      ["UPDATE patients SET born = CAST((DATEADD('day', 1, CAST(born AS TIMESTAMP))) AS DATE) WHERE id = 1"],
    ],
    ["update only patients set name = 'x'", ["UPDATE patients SET name = 'x'"]],
    [
      'update patients set score = score + 1 from encounters e join wards w on w.id = e.id where e.patient_id = patients.id',
      [
        'UPDATE patients SET score = score + 1 FROM encounters AS e INNER JOIN wards AS w ON w.id = e.id WHERE e.patient_id = patients.id',
      ],
    ],
    [
      "delete from encounters using patients p where p.id = encounters.patient_id and p.name = 'Ann'",
      ["DELETE FROM encounters FROM patients AS p WHERE (p.id = encounters.patient_id) AND (%EXACT(p.name) = 'Ann')"],
    ],
    [
      'delete from encounters e using patients p where p.id = e.patient_id',
      ['DELETE FROM encounters AS e FROM patients AS p WHERE p.id = e.patient_id'],
    ],
    [
      'delete from encounters where id in (select id from encounters where cost is null)',
      ['DELETE FROM encounters WHERE id IN (SELECT id FROM encounters WHERE cost IS NULL)'],
    ],
    ['delete from wards', ['DELETE %NOCHECK FROM wards']],
    [
      "delete from encounters where started < now() - interval '30 days'",
      ["DELETE FROM encounters WHERE started < (DATEADD('day', -30, GETUTCDATE(6)))"],
    ],
    ['savepoint a', ['SAVEPOINT a']],
    ['rollback to a', ['ROLLBACK TO SAVEPOINT a']],
    ['rollback to savepoint "B b"', ['ROLLBACK TO SAVEPOINT "B b"']],
    ['release savepoint a', []],
    ['begin', ['START TRANSACTION ISOLATION LEVEL READ COMMITTED']],
    ['begin isolation level read committed', ['START TRANSACTION ISOLATION LEVEL READ COMMITTED']],
    ['start transaction read only', ['START TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY']],
    ['begin read write, deferrable', ['START TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE']],
    ['commit', ['COMMIT']],
    ['end', ['COMMIT']],
    ['abort', ['ROLLBACK']],
    ['rollback and chain', ['ROLLBACK', 'START TRANSACTION ISOLATION LEVEL READ COMMITTED']],
    [
      "select now() - interval '1 day' > started from encounters order by id",
      [
        "SELECT CASE WHEN (DATEADD('day', -1, GETUTCDATE(6))) > started THEN 1 WHEN NOT ((DATEADD('day', -1, GETUTCDATE(6))) > started) THEN 0 END FROM encounters ORDER BY id",
      ],
    ],
    [
      'select current_date, current_timestamp, localtimestamp, now()',
      ['SELECT CURRENT_DATE, GETUTCDATE(6), CURRENT_TIMESTAMP(6), GETUTCDATE(6)'],
    ],
    [
      'select current_date = now()::date',
      [
        'SELECT CASE WHEN CURRENT_DATE = CAST(GETUTCDATE(6) AS DATE) THEN 1 WHEN NOT (CURRENT_DATE = CAST(GETUTCDATE(6) AS DATE)) THEN 0 END',
      ],
    ],
    [
      'select p."id" as "select" from "public"."patients" p order by p.id',
      ['SELECT p.id AS "select" FROM SQLUser.patients AS p ORDER BY p.id'],
    ],
    ['select id from "Patients"', ['SELECT id FROM "Patients"']],
    ['select t.id from public.patients as t where t.id = 2', ['SELECT t.id FROM SQLUser.patients AS t WHERE t.id = 2']],
    [
      'select public.patients.id from public.patients order by 1',
      ['SELECT SQLUser.patients.id FROM SQLUser.patients ORDER BY SQLUser.patients.id'],
    ],
    ['select 0x1F, 1_000, 1e3, .5, 5.', ['SELECT 31, 1000, 1e3, .5, 5.']],
    [
      "select '{\"k\":1}'::jsonb ->> 'k' as k order by '{\"k\":1}'::jsonb ->> 'k'",
      [
        "SELECT JSON_VALUE(CAST('{\"k\":1}' AS VARCHAR(65535)), '$.k') AS k ORDER BY CASE WHEN %EXACT((JSON_VALUE(CAST('{\"k\":1}' AS VARCHAR(65535)), '$.k'))) IS NULL THEN 1 ELSE 0 END, %EXACT(' ' || %EXACT((JSON_VALUE(CAST('{\"k\":1}' AS VARCHAR(65535)), '$.k'))))",
      ],
    ],
    ['select p.id, p.ctid from patients p', ['SELECT p.id, p.ctid FROM patients AS p']],
    [
      'create table t (id bigint generated always as identity primary key, x numeric(10,2) default 0)',
      [
        'CREATE TABLE t (id BIGINT IDENTITY PRIMARY KEY, x NUMERIC(10, 2) DEFAULT 0) WITH %CLASSPARAMETER ALLOWIDENTITYINSERT = 1',
      ],
    ],
    [
      'create table t (id int primary key, w int references wards (id) on delete cascade on update set null)',
      ['CREATE TABLE t (id INTEGER PRIMARY KEY, w INTEGER REFERENCES wards (id) ON DELETE CASCADE ON UPDATE SET NULL)'],
    ],
    ['create table t (a jsonb, b json)', ['CREATE TABLE t (a VARCHAR(65535), b VARCHAR(65535))']],
    [
      'create table t (a double precision, b real, c float(10), d char(3), e decimal(5,1), f timestamp(3), g time)',
      ['CREATE TABLE t (a DOUBLE, b REAL, c REAL, d CHAR(3), e NUMERIC(5, 1), f TIMESTAMP, g TIME)'],
    ],
    ['create table if not exists t (id int)', ['CREATE TABLE IF NOT EXISTS t (id INTEGER)']],
    ['create unlogged table t (id int)', ['CREATE TABLE t (id INTEGER)']],
    ['create table t (a mood, v vector(3))', ['CREATE TABLE t (a VARCHAR(64), v VECTOR(DOUBLE, 3))']],
    [
      "create table t (a date default '2024-01-01', b timestamp default current_timestamp)",
      ["CREATE TABLE t (a DATE DEFAULT '2024-01-01', b TIMESTAMP DEFAULT GETUTCDATE(6))"],
    ],
    ['create table t (a date default current_date)', ['CREATE TABLE t (a DATE DEFAULT CURRENT_DATE)']],
    ['create table "Case" ("Mixed Name" int)', ['CREATE TABLE "Case" ("Mixed Name" INTEGER)']],
    ['create index i on patients (name)', ['CREATE INDEX i ON TABLE patients (name)']],
    ['create index on patients (name, born)', ['CREATE INDEX patients_name_born_idx ON TABLE patients (name, born)']],
    [
      'create unique index if not exists i on patients (name, id desc)',
      ['CREATE UNIQUE INDEX IF NOT EXISTS i ON TABLE patients (name, id)'],
    ],
    [
      'create index concurrently i on patients using btree (name) include (id) with (fillfactor = 70)',
      ['CREATE INDEX i ON TABLE patients (name) WITH DATA (id)'],
    ],
    [
      'create index i on notes using hnsw (e vector_cosine_ops) with (m = 16, ef_construction = 64)',
      ["CREATE INDEX i ON TABLE notes (e) AS HNSW(Distance='Cosine', M=16, efConstruction=64)"],
    ],
    [
      "create index i on notes using hnsw (e vector_cosine_ops) with (m = '16')",
      ["CREATE INDEX i ON TABLE notes (e) AS HNSW(Distance='Cosine', M=16)"],
    ],
    [
      'drop table if exists patients, wards cascade',
      ['DROP TABLE IF EXISTS patients CASCADE', 'DROP TABLE IF EXISTS wards CASCADE'],
    ],
    ['drop table patients restrict', ['DROP TABLE patients']],
    ['drop view v', ['DROP VIEW v']],
    ['drop index patients_name', ['DROP INDEX patients_name ON TABLE SQLUser.patients']],
    ['drop index concurrently patients_name', ['DROP INDEX patients_name ON TABLE SQLUser.patients']],
    ['truncate patients', ['DELETE FROM patients']],
    ['truncate patients restart identity', ['TRUNCATE TABLE patients']],
    [
      'alter table patients add column x int not null default 0',
      ['ALTER TABLE patients ADD COLUMN x INTEGER NOT NULL DEFAULT 0'],
    ],
    ['alter table patients drop column name', ['ALTER TABLE patients DROP COLUMN name']],
    [
      'alter table patients alter column name type varchar(100)',
      ['ALTER TABLE patients ALTER COLUMN name VARCHAR(100)'],
    ],
    [
      'alter table patients alter column name set not null, alter column score drop not null',
      ['ALTER TABLE patients ALTER COLUMN name NOT NULL', 'ALTER TABLE patients ALTER COLUMN score NULL'],
    ],
    ['alter table patients rename to people', ['ALTER TABLE patients RENAME people']],
    ['alter table patients rename column name to label', ['ALTER TABLE patients ALTER COLUMN name RENAME label']],
    [
      'alter table only patients add constraint pk primary key (id)',
      ['ALTER TABLE patients ADD CONSTRAINT pk PRIMARY KEY (id)'],
    ],
    ['alter table patients add column s serial', ['ALTER TABLE patients ADD COLUMN s INTEGER IDENTITY']],
    [
      'create view v as select id, name from patients where active',
      ['CREATE VIEW v AS SELECT id, name FROM patients WHERE active = 1'],
    ],
    [
      'create view v (a, b) as select id, name from patients order by id',
      ['CREATE VIEW v AS SELECT TOP ALL id AS a, name AS b FROM patients ORDER BY id'],
    ],
    [
      'create or replace view v as select * from patients',
      ['CREATE OR REPLACE VIEW v AS SELECT id, name, born, active, score FROM patients'],
    ],
    ['create extension vector', []],
    ['alter table patients add column if not exists x int', ['ALTER TABLE patients ADD COLUMN x INTEGER']],
    ['alter table patients add column if not exists name text, drop column if exists x', []],
    ['alter table patients drop column if exists name', ['ALTER TABLE patients DROP COLUMN name']],
    ['alter table if exists patients add column x int', ['ALTER TABLE patients ADD COLUMN x INTEGER']],
    [
      "alter table patients alter column name set default 'x', alter column name drop default",
      [
        "ALTER TABLE patients ALTER COLUMN name SET DEFAULT ('x')",
        'ALTER TABLE patients ALTER COLUMN name DROP DEFAULT',
      ],
    ],
    [
      'alter table patients alter column id type bigint using id::bigint',
      ['ALTER TABLE patients ALTER COLUMN id BIGINT'],
    ],
    [
      'create table t (w int references wards deferrable initially deferred)',
      ['CREATE TABLE t (w INTEGER REFERENCES wards)'],
    ],
    ['create index i on patients (name varchar_pattern_ops) where active', ['CREATE INDEX i ON TABLE patients (name)']],
    ['select md5(name) as hash, id from patients', ['SELECT name AS hash, id FROM patients']],
    [
      'select id & 6, ~id from patients',
      ['SELECT CAST((FLOOR(id / 2) - 4 * FLOOR(id / 8)) * 2 AS BIGINT), (-id - 1) FROM patients'],
    ],
    [
      'delete from encounters e where e.cost < $1 returning *',
      [
        'SELECT id, patient_id, status, started, cost, code FROM encounters AS e WHERE e.cost < ? -- $1',
        'DELETE FROM encounters AS e WHERE e.cost < ? -- $1',
      ],
    ],
    [
      'insert into wards (id, label) select b::int, a::varchar from (values ($2, $1, 1), (3, $3, 0)) v(b, a, n) order by n returning id',
      [
        'INSERT INTO wards (id, label) VALUES (CAST(3 AS INTEGER), CAST(? AS VARCHAR(65535))) -- $3',
        'SELECT id FROM wards WHERE %ID = LAST_IDENTITY()',
        'INSERT INTO wards (id, label) VALUES (CAST(? AS INTEGER), CAST(? AS VARCHAR(65535))) -- $2, $1',
        'SELECT id FROM wards WHERE %ID = LAST_IDENTITY()',
      ],
    ],
    [
      "insert into wards (id, label) values (1, 'x') on conflict (id) do update set id = excluded.id, label = 'y' where wards.parent is null",
      [
        "UPDATE wards SET label = 'y' WHERE ((wards.id = CAST(1 AS INTEGER))) AND (wards.parent IS NULL)",
        "INSERT INTO wards (id, label) SELECT 1, 'x' WHERE NOT EXISTS (SELECT 1 FROM wards WHERE (wards.id = CAST(1 AS INTEGER)))",
      ],
    ],
    ["create type mood as enum ('a', 'b')", []],
    ['explain select id from patients', ['EXPLAIN SELECT id FROM patients']],
    ['explain (costs off) select id from patients', ['EXPLAIN SELECT id FROM patients']],
    [
      "select id from notes order by e <=> '[1,2,3]' limit 5",
      ["SELECT TOP 5 id FROM notes ORDER BY VECTOR_COSINE(e, TO_VECTOR('1,2,3', DOUBLE, 3)) DESC"],
    ],
    [
      "select id, e <=> '[1,2,3]' as d from notes order by d limit 5",
      [
        "SELECT TOP 5 id, (1 - VECTOR_COSINE(e, TO_VECTOR('1,2,3', DOUBLE, 3))) AS d FROM notes ORDER BY VECTOR_COSINE(e, TO_VECTOR('1,2,3', DOUBLE, 3)) DESC",
      ],
    ],
    [
      'select id, 1 - (e <=> $1) from notes order by e <=> $1 limit 3',
      [
        'SELECT TOP 3 id, 1 - ((1 - VECTOR_COSINE(e, TO_VECTOR(?, DOUBLE, 3)))) FROM notes ORDER BY VECTOR_COSINE(e, TO_VECTOR(?, DOUBLE, 3)) DESC -- $1 vector, $1 vector',
      ],
    ],
    [
      "select id from notes order by f <-> '[1,2,3]' limit 5",
      ["SELECT TOP 5 id FROM notes ORDER BY VECTOR_COSINE(f, TO_VECTOR('1,2,3', FLOAT, 3)) DESC"],
    ],
    [
      "select id from notes order by e <#> '[1,2,3]'::vector(3) limit $1",
      ["SELECT TOP <$1> id FROM notes ORDER BY VECTOR_DOT_PRODUCT(e, TO_VECTOR('1,2,3', DOUBLE, 3)) DESC"],
    ],
    [
      "select id from notes where e <=> '[1,2,3]' < 0.5",
      ["SELECT id FROM notes WHERE ((1 - VECTOR_COSINE(e, TO_VECTOR('1,2,3', DOUBLE, 3)))) < 0.5"],
    ],
    [
      "select id from notes order by e <=> '[1,2,3]' desc limit 5",
      [
        "SELECT id FROM notes ORDER BY CASE WHEN ((1 - VECTOR_COSINE(e, TO_VECTOR('1,2,3', DOUBLE, 3)))) IS NULL THEN 0 ELSE 1 END, ((1 - VECTOR_COSINE(e, TO_VECTOR('1,2,3', DOUBLE, 3)))) DESC LIMIT 5",
      ],
    ],
    [
      "select id from notes order by e <=> '[1,2,3]', id limit 5",
      ["SELECT TOP 5 id FROM notes ORDER BY VECTOR_COSINE(e, TO_VECTOR('1,2,3', DOUBLE, 3)) DESC, id"],
    ],
    ['select e from notes', ['SELECT e FROM notes']],
    [
      "select id from (select id, e <=> '[1,2,3]' as d from notes) x order by d limit 5",
      [
        "SELECT id FROM (SELECT id, (1 - VECTOR_COSINE(e, TO_VECTOR('1,2,3', DOUBLE, 3))) AS d FROM notes) AS x ORDER BY CASE WHEN d IS NULL THEN 1 ELSE 0 END, d LIMIT 5",
      ],
    ],
    [
      "insert into notes (id, e) values (1, '[1,2,3]')",
      ["INSERT INTO notes (id, e) VALUES (1, TO_VECTOR('1,2,3', DOUBLE, 3))"],
    ],
    [
      'insert into notes (id, e) values ($1, $2)',
      ['INSERT INTO notes (id, e) VALUES (?, TO_VECTOR(?, DOUBLE, 3)) -- $1, $2 vector'],
    ],
    [
      "update notes set e = '[1,2,3]' where id = 1",
      ["UPDATE notes SET e = TO_VECTOR('1,2,3', DOUBLE, 3) WHERE id = 1"],
    ],
  ])('%s', (text, steps) => expect(becomes(translator, text)).toEqual(steps));
});
