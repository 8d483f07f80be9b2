import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { bind, close, execute, frontend, parse, query, sync } from '@medrex/pg-wire';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealRig, type Mode } from '../testing/real-rig.ts';
import { accessOf, WireClient } from '../testing/wire-client.ts';

interface Entry {
  readonly kind: string;
  readonly application?: string;
  readonly searchPath?: string;
  readonly action: string;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly rows: number;
  readonly sqlstate?: string;
}

const prepared = (text: string, name = ''): Buffer => parse({ name, text, parameterTypes: [] });
const bound = (statement = '', portal = ''): Buffer =>
  bind({ portal, statement, parameterFormats: [], parameters: [], resultFormats: [] });
const run = (rowsMax = 0, portal = ''): Buffer => execute({ portal, rowsMax });

/** PQfn: without arguments, its result as text. */
function functionCall(oid: number): Buffer {
  const message = Buffer.alloc(15);
  message[0] = frontend.functionCall;
  message.writeInt32BE(14, 1);
  message.writeInt32BE(oid, 5);
  return message;
}

/** Each is what a client sends, message by message of a request, and what the audit has to say of it. */
const cases: readonly (readonly [string, readonly (readonly Buffer[])[], readonly string[]])[] = [
  [
    'rows of a portal of which no more were wanted',
    [[prepared('select * from t'), bound(), run(3), sync()]],
    ['read t 3'],
  ],
  [
    'a portal that is read in parts',
    [
      [query('begin')],
      [prepared('select * from t'), bound('', 'p'), run(4, 'p'), sync()],
      [run(4, 'p'), sync()],
      [run(0, 'p'), sync()],
      [query('commit')],
    ],
    ['read t 4', 'read t 4', 'read t 2'],
  ],
  [
    'what is written by a statement of whose rows no more were wanted',
    [[prepared('insert into u select a from t returning a'), bound(), run(2), sync()]],
    ['write t u 2'],
  ],
  ['rows before an error', [[query('select 1 / (5 - a) from t')]], ['read t 4 22012']],
  ['rows of a COPY before an error', [[query('copy (select 1 / (5 - a) from t) to stdout')]], ['read t 4 22012']],
  [
    'a FETCH from a portal',
    [
      [query('begin')],
      [prepared('select * from t'), bound('', 'p'), sync()],
      [query('fetch 2 from p')],
      [query('commit')],
    ],
    ['read t 2'],
  ],
  [
    'cursors and statements that are given back',
    [
      [query('begin; declare c cursor for select * from t; fetch 3 from c; close c; close all; commit')],
      [query('prepare q as select * from t; deallocate q')],
      [query('deallocate all')],
      [query('close all')],
    ],
    ['read t 3', 'read t 0'],
  ],
  [
    'an EXECUTE of what the protocol has prepared, whose name is given back behind it',
    [
      [prepared('select * from t', 's'), sync()],
      [query('execute s'), close({ kind: 'statement', name: 's' }), sync()],
    ],
    ['read t 10'],
  ],
  [
    'an EXECUTE of what was prepared before something else in its text failed',
    [[query('prepare q as select * from t; select 1 / 0')], [query('execute q')]],
    ['read t 0 22012', 'read t 10'],
  ],
  [
    'CREATE TABLE AS EXECUTE, and EXPLAIN ANALYZE EXECUTE',
    [
      [query('prepare q as select * from t')],
      [query('create table made as execute q')],
      [query('explain (analyze) execute q')],
    ],
    ['read t 0', 'schema t made 10', 'call t 0'],
  ],
  ['a text that is long', [[query(`select * from t where a < 4 /*${'.'.repeat(60_000)}*/`)]], ['read t 3']],
  ['a block that reads', [[query('begin; select * from t; commit')]], ['read t 10']],
  ['the catalogue', [[query('select * from pg_class limit 1')]], []],
  [
    'values of tables in the catalogue',
    [[query('select most_common_vals from pg_catalog.pg_stats limit 0')]],
    ['read pg_catalog.pg_stats 0'],
  ],
  ['a function that is called by a message', [[functionCall(2026)]], ['call 0']], // pg_backend_pid()
];

describeReal('POSTGRES', 'the audit of pg-proxy', (where) => {
  let rig: RealRig;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'medrex-audit-'));
  });
  afterEach(async () => {
    await rig.close();
    rmSync(folder, { recursive: true });
  });

  const start = async (mode: Mode): Promise<WireClient> => {
    rig = await RealRig.start(where, mode, 3, undefined, {
      audit: { file: join(folder, 'audit'), flushMs: 1 },
      classes: { isOn: false },
    });
    await rig.direct.query(`set search_path to ${rig.schema};
      create table t as select generate_series(1, 10) as a; create table u (a int)`);
    return WireClient.in({ ...accessOf(rig.url), parameters: { options: `-c search_path=${rig.schema}` } });
  };
  const entries = (): Entry[] =>
    readFileSync(join(folder, 'audit.000001'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry)
      .filter(({ kind }) => kind === 'statement');
  const told = (): string[] =>
    entries().map(({ action, reads, writes, rows, sqlstate }) =>
      [action, ...reads, ...writes, rows, ...(sqlstate === undefined ? [] : [sqlstate])].join(' '),
    );

  it.each(['transaction', 'session'] as const)(
    'says in %s mode who read and changed what, however it is asked for',
    async (mode) => {
      const client = await start(mode);
      let seen = 0;
      for (const [what, requests, expected] of cases) {
        for (const messages of requests) {
          client.send(...messages);
          for (const message of messages)
            if ([frontend.query, frontend.sync, frontend.functionCall].includes(message[0]! as never))
              await client.until('Z');
        }
        await eventually(() => told().length >= seen + expected.length, 5_000);
        expect([what, ...told().slice(seen, seen + expected.length)]).toEqual([what, ...expected]);
        seen += expected.length + 1;
        await client.ask(query('deallocate all; drop table if exists made'));
        await eventually(() => told().length === seen, 5_000);
      }
      client.close();
    },
  );

  it.each(['transaction', 'session'] as const)(
    'says in %s mode which application a client has become',
    async (mode) => {
      const client = await start(mode);
      for (const text of [
        `set application_name = 'ward one'`,
        `table t`,
        `begin; set local application_name = 'ward two'; table t; select set_config('application_name', 'ward three', false)`,
        `commit`,
        `table t`,
        `reset application_name`,
        `table t`,
      ])
        await client.ask(query(text));
      await eventually(() => entries().length === 4, 5_000);
      expect(entries().map(({ application }) => application)).toEqual([
        'ward one',
        'ward three',
        'ward three',
        undefined,
      ]);
      expect(entries()[0]?.searchPath).toBe(rig.schema);
      client.close();
    },
  );
});
