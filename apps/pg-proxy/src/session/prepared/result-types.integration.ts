import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { bind, close, describe as describeIt, execute, query, sync } from '@medrex/pg-wire';
import { prepare, run } from '../../testing/asked.ts';
import { RealRig } from '../../testing/real-rig.ts';
import { accessOf, WireClient } from '../../testing/wire-client.ts';

/** Others have not prepared it before. */
let own = 0;
const told = (text: string, id = own): Buffer =>
  Buffer.concat([prepare('s', `${text} /* ${id} */`), describeIt({ kind: 'statement', name: 's' }), sync()]);
/** Of its rows alone, by its portal, as pgjdbc and R2DBC do it. */
const toldByPortal = (text: string): Buffer =>
  Buffer.concat([
    prepare('s', `${text} /* ${own} */`),
    bind({ portal: '', statement: 's', parameterFormats: [], parameters: [], resultFormats: [] }),
    describeIt({ kind: 'portal', name: '' }),
    execute({ portal: '', rowsMax: 0 }),
    sync(),
  ]);
/** What it was told of each column decides how it wants that one. */
const runsByColumn = Buffer.concat([
  bind({ portal: '', statement: 's', parameterFormats: [], parameters: [], resultFormats: [0, 0] }),
  execute({ portal: '', rowsMax: 0 }),
  sync(),
]);
const runs = Buffer.concat([run('s'), sync()]);
/** The same of the unnamed statement, as lib/pq does it. */
const describesUnnamed = describeIt({ kind: 'statement', name: '' });
const toldUnnamed = (text: string): Buffer =>
  Buffer.concat([prepare('', `${text} /* ${own} */`), describesUnnamed, sync()]);
const runsUnnamed = Buffer.concat([run(''), sync()]);
const closed = close({ kind: 'statement', name: 's' });
const all = 'select * from t';
/** What becomes of the table, or what is sent at once. */
type Step = string | Buffer;
const retyped = 'alter table t alter a type text';

const series = (): Readonly<Record<string, readonly Step[]>> => ({
  'each time it is run': [told(all), runs, retyped, runs, runs, runs, runs, runs],
  'of which its portal has told': [toldByPortal(all), retyped, runs, runs, runs],
  'where it wants each column as it was told': [
    toldByPortal('select *, 1 from t'),
    'alter table t add b int',
    runsByColumn,
    runsByColumn,
  ],
  'where a column is new': [told(all), 'alter table t add b int', runs, runs],
  'until it is prepared anew': [
    ...[told(all), retyped, runs, Buffer.concat([closed, sync()]), told(all), runs, runs, runs],
    ...['alter table t alter a type int using 1', runs, runs],
  ],
  'and is deallocated': [told(all), retyped, runs, query('deallocate s'), told(all), runs, runs],
  'in a transaction': [told(all), query('begin'), retyped, runs, query('select 1'), query('rollback'), runs],
  'with what stands behind it': [
    ...[told(all), retyped],
    Buffer.concat([run('s'), prepare('', 'insert into t values (2)'), run(''), sync()]),
    query('select count(*) from t'),
  ],
  'when it is described again': [
    told(all),
    retyped,
    Buffer.concat([describeIt({ kind: 'statement', name: 's' }), sync()]),
  ],
  'and not where it has no result': [told('insert into t (a) values (3)'), runs, 'alter table t add b int', runs, runs],
  'and not where its result is the same': [told('select a from t'), 'alter table t add b int', runs, runs, runs],
  'though it has no name': [toldUnnamed(all), runsUnnamed, retyped, runsUnnamed, runsUnnamed, runsUnnamed],
  'though it has no name, until it is prepared anew': [
    ...[toldUnnamed(all), runsUnnamed, 'alter table t add b int', runsUnnamed, toldUnnamed(all), runsUnnamed],
    runsUnnamed,
  ],
  'though it has no name, when it is described again': [
    ...[toldUnnamed(all), retyped, Buffer.concat([describesUnnamed, sync()])],
  ],
  'though it has no name, in a transaction': [
    ...[Buffer.concat([prepare('b', 'begin'), sync()]), toldUnnamed(all), runsUnnamed, retyped],
    ...[Buffer.concat([run('b'), run(''), sync()]), runsUnnamed, query('rollback')],
  ],
  'though it has no name, with what stands behind it': [
    ...[toldUnnamed(all), runsUnnamed, retyped],
    Buffer.concat([run(''), prepare('', 'insert into t values (2)'), run(''), sync()]),
    query('select count(*) from t'),
  ],
  'and not where what has no name has no result, or the same': [
    ...[toldUnnamed('insert into t (a) values (3)'), runsUnnamed, retyped, runsUnnamed, runsUnnamed],
    ...[toldUnnamed('select a from t'), 'alter table t add b int', runsUnnamed, runsUnnamed],
  ],
  'but the fault itself where the table of what has no name is gone': [
    ...[toldUnnamed('select a from gone'), 'drop table gone', runsUnnamed, runsUnnamed],
  ],
  'but the fault itself where its table is gone': [told('select a from gone'), 'drop table gone', runs, runs],
});

describeReal('POSTGRES', 'a client is told that its result has other types', (where) => {
  let rig: RealRig;
  beforeAll(async () => {
    rig = await RealRig.start(where, 'transaction', 4);
  });
  afterAll(() => rig.close());

  const open = async (href: string): Promise<WireClient> => {
    return WireClient.in({ ...accessOf(href), parameters: { options: `-c search_path=${rig.schema}` } });
  };

  describe.each(['past', 'through'] as const)('after DDL %s the proxy', (way) => {
    it.each(Object.keys(series()))('%s', async (title) => {
      own++;
      const steps = series()[title]!;
      const answersOf = async (
        client: WireClient,
        ddl: WireClient,
        between: (step: number) => Promise<void> = () => Promise.resolve(),
      ): Promise<string[][]> => {
        await ddl.ask(
          query(
            'drop table if exists t, gone; create table t (a int); create table gone (a int); insert into t values (1)',
          ),
        );
        const answers: string[][] = [];
        for (const [index, step] of steps.entries()) {
          await between(index);
          if (typeof step === 'string') await ddl.ask(query(step));
          else answers.push(await client.ask(step));
        }
        client.close();
        return answers;
      };
      const direct = await open(where);
      const expected = await answersOf(await open(where), direct);
      // Others have now these, now those backends, so that each step meets another one.
      const others = [await open(rig.url), await open(rig.url), await open(rig.url)];
      const ddl = way === 'past' ? direct : await open(rig.url);
      const answers = await answersOf(await open(rig.url), ddl, async (step) => {
        const isWay = way === 'past' ? others : others.slice(1);
        for (const [index, other] of isWay.entries())
          await other.ask(query((step + index) % 3 === 0 ? 'begin' : 'rollback'));
      });
      for (const each of [...others, direct, ddl]) each.close();
      expect(answers).toEqual(expected);
    });
  });

  it('and a client that prepares the same again gets the current ones', async () => {
    const [first, second, ddl] = [await open(rig.url), await open(rig.url), await open(where)];
    await ddl.ask(query('drop table if exists t; create table t (a int); insert into t values (1)'));
    own++;
    await first.ask(told(all));
    await ddl.ask(query(retyped));
    // Has the backend that has prepared it.
    await ddl.ask(query('select 1'));
    const holder = await open(rig.url);
    await holder.ask(query('begin'));
    expect(await second.ask(told(all))).toEqual(['1', 't', 'T', 'Z I']);
    expect(await second.ask(runs)).toEqual(['2', 'D 1', 'C SELECT 1', 'Z I']);
    expect((await first.ask(runs))[0]).toBe('ERROR 0A000 cached plan must not change result type');
    expect(await second.ask(runs)).toEqual(['2', 'D 1', 'C SELECT 1', 'Z I']);
    for (const each of [first, second, ddl, holder]) each.close();
  });

  it('and not if its rows are those of a cursor, which may differ each time', async () => {
    const fetches = Buffer.concat([
      ...[bind({ portal: '', statement: 's', parameterFormats: [], parameters: [], resultFormats: [] })],
      ...[describeIt({ kind: 'portal', name: '' }), execute({ portal: '', rowsMax: 0 }), sync()],
    ]);
    const answersOf = async (client: WireClient, between: () => Promise<unknown>): Promise<string[][]> => {
      const answers = [await client.ask(told('fetch all in c'))];
      for (const rows of ['1, 2', "'x'::text", 'null::date']) {
        await between();
        for (const step of [query('begin'), query(`declare c cursor for select ${rows}`), fetches, query('rollback')])
          answers.push(await client.ask(step));
      }
      client.close();
      return answers;
    };
    own++;
    const expected = await answersOf(await open(where), () => Promise.resolve());
    // Has the backend that was the client's before, so that each transaction meets another one.
    const holders = [await open(rig.url), await open(rig.url), await open(rig.url)];
    let held = 0;
    const holds = (): Promise<unknown> => holders[held++]!.ask(query('begin'));
    expect(await answersOf(await open(rig.url), holds)).toEqual(expected);
    for (const each of holders) each.close();
  });

  it('or is disconnected if it runs what has just been described and the proxy cannot tell whether that changed', async () => {
    const [client, holder, ddl] = [await open(rig.url), await open(rig.url), await open(where)];
    await ddl.ask(query('drop table if exists t; create table t (a int); insert into t values (1)'));
    await client.ask(toldUnnamed('select * from t'));
    await holder.ask(query('begin'));
    await ddl.ask(query(retyped));
    client.send(runsUnnamed);
    expect(await client.until('closed')).toEqual(['FATAL 0A000 cached plan must not change result type']);
    for (const each of [client, ddl, holder]) each.close();
  });

  it('also if its search_path finds another table', async () => {
    const other = `${rig.schema}_other`;
    const ddl = await open(where);
    await ddl.ask(
      query(`create schema ${other}; create table ${other}.t (a text, b int); insert into ${other}.t values ('x', 1);
      drop table if exists t; create table t (a int); insert into t values (1)`),
    );
    own++;
    const steps = [
      told(all),
      runs,
      query(`set search_path to ${other}`),
      runs,
      runs,
      query(`set search_path to ${rig.schema}`),
      runs,
    ];
    const answersOf = async (client: WireClient): Promise<string[][]> => {
      const answers: string[][] = [];
      for (const step of steps) answers.push(await client.ask(step));
      client.close();
      return answers;
    };
    const expected = await answersOf(await open(where));
    expect(expected[3]).toEqual(['ERROR 0A000 cached plan must not change result type', 'Z I']);
    expect(await answersOf(await open(rig.url))).toEqual(expected);
    await ddl.ask(query(`drop schema ${other} cascade`));
    ddl.close();
  });
});
