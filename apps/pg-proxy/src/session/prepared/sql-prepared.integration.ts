import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { bind, close, describe, execute, flush, frontend as from, parse, query, sync } from '@medrex/pg-wire';
import { RealRig } from '../../testing/real-rig.ts';
import { accessOf, WireClient } from '../../testing/wire-client.ts';

const [name, text] = ['n1', 'select 8 as a'];
const parsed = [parse({ name, text, parameterTypes: [] }), sync()];
const closed = [close({ kind: 'statement', name }), sync()];
const nothing = { parameterFormats: [], parameters: [], resultFormats: [] };
const run = [
  bind({ portal: '', statement: name, parameterFormats: [], parameters: [], resultFormats: [] }),
  execute({ portal: '', rowsMax: 0 }),
  sync(),
];
const prepared = [query('prepare n1 as select 7 as a')];
const runBySql = [query('execute n1')];
const gone = [query('deallocate n1')];
const parseIt = parse({ name: '', text: 'prepare n1 as select 7 as a', parameterTypes: [] });
const boundTo = (portal: string): Buffer =>
  bind({ portal, statement: '', parameterFormats: [], parameters: [], resultFormats: [] });
const executeUnnamed = [boundTo(''), execute({ portal: '', rowsMax: 0 })];
const speaks = parse({ name: '', text: 'execute n1', parameterTypes: [] });
const runs = [execute({ portal: 'p', rowsMax: 0 }), sync()];
const describeUnnamed = [describe({ kind: 'statement', name: '' }), sync()];
const ownName = parse({ name, text: 'prepare n1 as select 7 as a', parameterTypes: [] });
const closedInVain = [parsed[0]!, ...closed];
const allGone = [parse({ name: '', text: 'deallocate all', parameterTypes: [] }), ...executeUnnamed, sync()];

describeReal('POSTGRES', 'names of statements, which SQL and the protocol share,', (where) => {
  let rig: RealRig;
  beforeAll(async () => {
    rig = await RealRig.start(where, 'transaction', 4);
    await rig.direct.query(`create table ${rig.schema}.lost (a int); insert into ${rig.schema}.lost values (7)`);
  });
  afterAll(() => rig.close());

  const heard = async (href: string, steps: readonly (readonly Buffer[])[]): Promise<string[]> => {
    const client = await WireClient.in(accessOf(href));
    const words: string[] = [];
    for (const messages of steps) {
      words.push(...(await client.ask(...messages)));
      const more = messages.filter(([type]) => type === from.query || type === from.sync).length - 1;
      for (let rest = more; rest > 0; rest--) words.push(...(await client.until('Z')));
    }
    client.close();
    return words;
  };

  it.each([
    ['SQL comes second', [parsed, prepared, runBySql, run]],
    ['SQL comes second, in a block', [[query('begin')], parsed, prepared, [query('rollback')], prepared, run]],
    ['the protocol comes second', [prepared, parsed, run, runBySql, gone, parsed, run]],
    [
      'and nobody else is there',
      [parsed, parsed, [query('select name, from_sql from pg_prepared_statements')], parsed],
    ],
    ['the protocol comes where SQL takes it away', [prepared, [...gone, ...parsed], run]],
    ['the protocol comes second, before SQL is answered', [[...prepared, ...parsed, ...gone, ...parsed], run]],
    ['and in one pipeline', [[parseIt, ...executeUnnamed, ...parsed], prepared, runBySql, run]],
    [
      'and the portal that is described never was',
      [
        [query('begin')],
        [query('select 1/0')],
        [parsed[0]!, bind({ portal: 'c', statement: name, ...nothing }), sync()],
        [describe({ kind: 'portal', name: 'c' }), sync()],
        [query('rollback')],
      ],
    ],
    ['all are gone, where one was not closed', [parsed, [...closedInVain, ...allGone], run]],
    ['a text that speaks of it comes again', [[speaks, sync()], parsed, [speaks, ...executeUnnamed, sync()]]],
    ['it comes behind a text that speaks of it', [[speaks, sync()], parsed, [...executeUnnamed, sync()]]],
    ['and is described', [[speaks, sync()], parsed, describeUnnamed, [...executeUnnamed, sync()]]],
    [
      'and in one batch',
      [
        [speaks, ...executeUnnamed, sync()],
        [speaks, parsed[0]!, ...executeUnnamed, sync()],
      ],
    ],
    ['it comes behind a portal that speaks of it', [[speaks, boundTo('p'), parsed[0]!, ...runs], runBySql, run]],
    [
      'and in another batch',
      [[query('begin')], [speaks, boundTo('p'), sync()], parsed, runs, [query('rollback')], run],
    ],
    ['it comes behind a portal that prepares it', [[parseIt, boundTo('p'), parsed[0]!, ...runs], runBySql, run]],
    [
      'what takes its name is told so in a block, and what is prepared is asked for behind that',
      [
        [query('begin')],
        parsed,
        parsed,
        [query('rollback and chain'), query('select name from pg_prepared_statements')],
        [query('rollback')],
      ],
    ],
    [
      'a failed transaction neither prepares nor deallocates it',
      [
        parsed,
        [
          ...[parse({ name: '', text: 'begin', parameterTypes: [] }), ...executeUnnamed],
          ...[execute({ portal: '', rowsMax: 0 }), sync()],
          ...[query('select 1; execute n1'), query('deallocate n1')],
        ],
        [query('rollback')],
        [query('select name from pg_prepared_statements')],
        run,
      ],
    ],
    ['a statement prepares its own name', [[ownName, sync()], run, runBySql]],
    ['the protocol closes it', [prepared, run, closed, runBySql, parsed, run]],
    [
      'and not where that is passed over',
      [prepared, [parse({ name: '', text: 'x', parameterTypes: [] }), ...closed], runBySql],
    ],
  ])('mean the same statement: %s', async (_, steps) => {
    expect(await heard(rig.url, steps)).toEqual(await heard(where, steps));
    const client = await rig.client();
    const { rows } = await client.query<{ n: string }>(
      "select count(*) as n from pg_prepared_statements where name = 'n1'",
    );
    await client.end();
    expect(rows).toEqual([{ n: '0' }]);
  });

  /** Its table is not on the path any more, which stands where `%` does. */
  const lost = [parse({ name, text: 'select a from lost where a <> $1', parameterTypes: [] }), sync()];
  const other = [parse({ name: 'n2', text: 'select 2', parameterTypes: [] }), sync()];
  it.each([
    [['select 1; execute n1(1)', 'execute n1(1)']],
    [['begin', 'select 1; explain execute n1(1)', 'select 1', 'rollback']],
    [['select 1; deallocate n1', 'select 2']],
    [['select 1; execute n2', 'deallocate n1', 'execute n2']],
    [['select 1; execute n2', 'prepare n1 as select 3']],
    [['select 1; execute n1(1)', 'set search_path to %', 'select 1; execute n1(1)', 'execute n1(2)']],
    [['begin', 'savepoint a', 'select 1; execute n1(1)', 'rollback to a', 'select 1; execute n2', 'commit']],
  ])('include statements that can no longer be prepared: %j', async (texts) => {
    const [path, away] = [`set search_path to ${rig.schema}`, 'set search_path to public'].map((one) => query(one));
    const steps = texts.map((one) => [query(one.replaceAll('%', rig.schema))]);
    const all = [[path!], lost, other, [away!], ...steps];
    expect(await heard(rig.url, all)).toEqual(await heard(where, all));
  });

  it('are all prepared before the message that needs them runs, however the answers are split', async () => {
    const [path, away] = [`set search_path to ${rig.schema}`, 'set search_path to public'].map((one) => query(one));
    const all = [[path!], lost, other, [away!], [query('begin')], [query('select 1; execute n1(1)')]];
    const expected = await heard(where, all);
    // Three of a hundred runs had a piece end where the server had not yet left its failed savepoint.
    for (let run = 0; run < 150; run++) expect(await heard(rig.url, all)).toEqual(expected);
  });

  it.each([
    ['the protocol', [closed]],
    ['the protocol, in a transaction that is rolled back', [[query('begin')], closed, [query('rollback')]]],
    ['SQL', [gone]],
    ['nobody, because what would is passed over', [[...parsed.slice(0, 1), closed[0]!, sync()]]],
  ])('are gone when %s drops one that can no longer be prepared', async (_, steps) => {
    const [path, away] = [`set search_path to ${rig.schema}`, 'set search_path to public'].map((one) => query(one));
    const shown = [query('select name from pg_prepared_statements order by name')];
    const all = [[path!], lost, other, [away!], shown, ...steps, shown];
    expect(await heard(rig.url, all)).toEqual(await heard(where, all));
  });

  const takes = [
    parse({ name, text, parameterTypes: [] }),
    parse({ name: 'takes', text: `deallocate ${name}`, parameterTypes: [] }),
    sync(),
  ];
  const binds = (parameters: Buffer[] = []): Buffer =>
    bind({ portal: 'p', statement: 'takes', parameterFormats: [], parameters, resultFormats: [] });
  const inBlock = [takes, [query('begin; savepoint a')]];
  const back = [query('rollback to a')];

  it.each<readonly [string, readonly (readonly Buffer[])[]]>([
    ['was passed over', [...inBlock, [binds([Buffer.from('1')]), sync()], back, runs]],
    ['has gone with its savepoint', [...inBlock, [binds(), sync()], back, runs]],
    ['was closed', [...inBlock, [binds(), close({ kind: 'portal', name: 'p' }), ...runs]]],
    ['is there', [...inBlock, [binds(), ...runs]]],
    ['has run', [...inBlock, [binds(), execute({ portal: 'p', rowsMax: 0 }), ...runs]]],
  ])('stay if the portal that is to deallocate one %s, as on a direct connection', async (_, steps) => {
    const all = [...steps, [query('rollback')], run];
    expect(await heard(rig.url, all)).toEqual(await heard(where, all));
  });

  it('are taken even if the current role may not prepare their statements', async () => {
    await rig.direct.query(`create type ${rig.schema}.mood as enum ('glad')`);
    const hidden = parse({ name, text: `select null::${rig.schema}.mood`, parameterTypes: [] });
    const other = [query('set role pg_monitor'), query('prepare n1x as select 1; deallocate n1x')];
    const all = [[hidden, sync()], ...other.map((each) => [each]), parsed, [query('reset role')], parsed];
    expect(await heard(rig.url, all)).toEqual(await heard(where, all));
  });

  it('stay if the message that would drop one was skipped', async () => {
    const words = async (href: string): Promise<string[]> => {
      const client = await WireClient.in(accessOf(href));
      const takesIt = parse({ name: '', text: `deallocate ${name}`, parameterTypes: [] });
      await client.ask(takesIt, ...parsed);
      client.send(parsed[0]!, flush());
      await client.until('ERROR');
      const heard = [...(await client.ask(...executeUnnamed, sync())), ...(await client.ask(...run))];
      client.close();
      return heard;
    };
    expect(await words(rig.url)).toEqual(await words(where));
  });
});
