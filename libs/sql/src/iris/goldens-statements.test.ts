import { beforeAll, describe, expect, it } from '@jest/globals';
import { becomes, type Golden } from '../testing/golden.ts';
import { wardCatalog } from '../testing/ward-catalog.ts';
import { IrisTranslator } from './iris-translator.ts';

let newest: IrisTranslator;

beforeAll(async () => {
  newest = await IrisTranslator.load({ version: '2026.1' }, wardCatalog);
});

describe('changes', () => {
  it.each<Golden>([
    ['insert into patients (id, name) values ($1, $2)', ['INSERT INTO patients (id, name) VALUES (?, ?) -- $1, $2']],
    [
      'insert into patients (id, name) values ($1, default), (2, $2)',
      ['INSERT INTO patients (id) VALUES (?) -- $1', 'INSERT INTO patients (id, name) VALUES (2, ?) -- $2'],
    ],
    [
      'insert into patients values (1, default, $1, true, 2.5)',
      ['INSERT INTO patients (id, born, active, score) VALUES (1, ?, 1, 2.5) -- $1'],
    ],
    ['insert into patients default values', ['INSERT INTO patients DEFAULT VALUES']],
    [
      'insert into patients (name) values ($1) returning id, name as n',
      ['INSERT INTO patients (name) VALUES (?) -- $1', 'SELECT id, name FROM patients WHERE %ID = LAST_IDENTITY()'],
    ],
    [
      'insert into patients (name) values ($1), ($2) returning *',
      [
        'INSERT INTO patients (name) VALUES (?) -- $1',
        'SELECT id, name, born, active, score FROM patients WHERE %ID = LAST_IDENTITY()',
        'INSERT INTO patients (name) VALUES (?) -- $2',
        'SELECT id, name, born, active, score FROM patients WHERE %ID = LAST_IDENTITY()',
      ],
    ],
    [
      'insert into patients (id, name) values ($1, $2) on conflict (id) do update set name = excluded.name',
      ['INSERT OR UPDATE INTO patients (id, name) VALUES (?, ?) -- $1, $2'],
    ],
    [
      'insert into patients (id, name) select id, status from encounters',
      ['INSERT INTO patients (id, name) SELECT id, status FROM encounters'],
    ],
    [
      'update patients set active = not active, score = score + 1 where id = $1',
      [
        'UPDATE patients SET active = CASE WHEN NOT (active = 1) THEN 1 WHEN NOT (NOT (active = 1)) THEN 0 END, score = score + 1 WHERE id = ? -- $1',
      ],
    ],
    [
      'update patients p set name = e.status from encounters e where e.patient_id = p.id',
      ['UPDATE patients AS p SET name = e.status FROM encounters AS e WHERE e.patient_id = p.id'],
    ],
    ['delete from patients where id = $1', ['DELETE FROM patients WHERE id = ? -- $1']],
    [
      'delete from encounters e using patients p where p.id = e.patient_id',
      ['DELETE FROM encounters AS e FROM patients AS p WHERE p.id = e.patient_id'],
    ],
    ['delete from wards', ['DELETE %NOCHECK FROM wards']],
    ['delete from patients', ['DELETE FROM patients']],
    ['truncate patients, public.encounters', ['DELETE FROM patients', 'DELETE FROM SQLUser.encounters']],
    ['truncate patients restart identity', ['TRUNCATE TABLE patients']],
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
});

describe('transactions', () => {
  it.each<Golden>([
    ['begin', ['START TRANSACTION ISOLATION LEVEL READ COMMITTED']],
    ['start transaction read only', ['START TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY']],
    ['begin isolation level read uncommitted', ['START TRANSACTION ISOLATION LEVEL READ COMMITTED']],
    ['end', ['COMMIT']],
    ['abort', ['ROLLBACK']],
    ['commit and chain', ['COMMIT', 'START TRANSACTION ISOLATION LEVEL READ COMMITTED']],
    ['savepoint a', ['SAVEPOINT a']],
    ['rollback to a', ['ROLLBACK TO SAVEPOINT a']],
    ['release a', []],
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
});

describe('names', () => {
  it.each<Golden>([
    ['select p.name from public.patients p', ['SELECT p.name FROM SQLUser.patients AS p']],
    ['select public.patients.id from "public"."patients"', ['SELECT SQLUser.patients.id FROM SQLUser.patients']],
    ['select "Mixed", "select", "a""b" from "Odd Table"', ['SELECT "Mixed", "select", "a""b" FROM "Odd Table"']],
    ['select "user", value, "date" from t', ['SELECT "user", "value", "date" FROM t']],
    [
      "select table_name from information_schema.tables where table_schema = 'public'",
      ["SELECT table_name FROM information_schema.tables WHERE %EXACT(table_schema) = 'SQLUser'"],
    ],
    ['select x.y.a from x.y', ['SELECT x.y.a FROM x.y']],
    ['select other.f(id) from patients', ['SELECT other.f(id) FROM patients']],
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
});

describe('definitions', () => {
  it.each<Golden>([
    [
      'create table t (id serial primary key, name varchar(20) not null, note text default $$x$$, ok boolean, u uuid, j jsonb, b bytea, f8 double precision, f4 real, at timestamptz, n numeric(10,2), m mood, v vector(4))',
      [
        'CREATE TABLE t (id INTEGER IDENTITY PRIMARY KEY, name VARCHAR(20) NOT NULL, note VARCHAR(65535) DEFAULT \'x\', ok BIT, u UNIQUEIDENTIFIER, j VARCHAR(65535), b VARBINARY(65535), f8 DOUBLE, f4 REAL, "at" TIMESTAMP, n NUMERIC(10, 2), m VARCHAR(64), v VECTOR(DOUBLE, 4)) WITH %CLASSPARAMETER ALLOWIDENTITYINSERT = 1',
      ],
    ],
    [
      'create table if not exists public.t (a int, b bigint generated by default as identity, unique (a, b), foreign key (a) references patients (id) on delete cascade)',
      [
        'CREATE TABLE IF NOT EXISTS SQLUser.t (a INTEGER, b BIGINT IDENTITY, UNIQUE (a, b), FOREIGN KEY (a) REFERENCES patients (id) ON DELETE CASCADE) WITH %CLASSPARAMETER ALLOWIDENTITYINSERT = 1',
      ],
    ],
    [
      'create index patients_name on patients using btree (name) include (born) with (fillfactor = 70)',
      ['CREATE INDEX patients_name ON TABLE patients (name) WITH DATA (born)'],
    ],
    ['create unique index u on patients (id, name)', ['CREATE UNIQUE INDEX u ON TABLE patients (id, name)']],
    ['drop index if exists patients_name', ['DROP INDEX IF EXISTS patients_name ON TABLE SQLUser.patients']],
    ['drop table a, public.b cascade', ['DROP TABLE a CASCADE', 'DROP TABLE SQLUser.b CASCADE']],
    [
      'create view v as select id, name as n from patients order by id',
      ['CREATE VIEW v AS SELECT TOP ALL id, name AS n FROM patients ORDER BY id'],
    ],
    [
      'alter table t add column c int not null, drop column d',
      ['ALTER TABLE t ADD COLUMN c INTEGER NOT NULL', 'ALTER TABLE t DROP COLUMN d'],
    ],
    ['alter table t rename to u', ['ALTER TABLE t RENAME u']],
    ['alter table t rename column a to b', ['ALTER TABLE t ALTER COLUMN a RENAME b']],
    ["create type mood as enum ('sad')", []],
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
});

describe('EXPLAIN', () => {
  it.each<Golden>([
    ['explain select id from patients', ['EXPLAIN SELECT id FROM patients']],
    ['explain (costs off, format text, analyze false) select id from patients', ['EXPLAIN SELECT id FROM patients']],
    ['lock table patients in access share mode', []],
    [
      'explain (translate) select id from patients where id = $1 limit $2',
      ['SELECT id FROM patients WHERE id = ? LIMIT <$2>', '-- ? = $1'],
    ],
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
});
