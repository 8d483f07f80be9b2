import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import {
  bind,
  close,
  copyData,
  copyDone,
  copyFail,
  describe,
  execute,
  flush,
  parse,
  query,
  sync,
  terminate,
} from '@medrex/pg-wire';
import { RealRig } from './testing/real-rig.ts';
import { Transcript } from './testing/transcript.ts';
import { accessOf, WireClient } from './testing/wire-client.ts';

const prepare = (name: string, text: string): Buffer => parse({ name, text, parameterTypes: [] });
const binds = (statement: string): Buffer =>
  bind({ portal: '', statement, parameterFormats: [], parameters: [], resultFormats: [] });
const run = (statement: string, rowsMax = 0): Buffer =>
  Buffer.concat([binds(statement), execute({ portal: '', rowsMax })]);
const describesPortal = describe({ of: 'portal', name: '' });
const closesUnnamed = close({ of: 'statement', name: '' });
const two = Buffer.concat([prepare('c', 'select 2'), sync()]);
const showsC = "select name from pg_prepared_statements where name = 'c'";
const runTwo = Buffer.concat([run('c'), sync()]);
const setInCode = (value: number): string =>
  `do $$ begin perform set_config('app.set_in_code', '${value}', false); end $$`;
/** A message whose length is right, whatever is in it. */
const message = (type: string, body = ''): Buffer => {
  const head = Buffer.from(`${type}\0\0\0\0`);
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, Buffer.from(body)]);
};
const longName = 'n'.repeat(9_000);
const isReady = (word: string): boolean => word.startsWith('Z');
/** How often a step is answered by ReadyForQuery. */
const steps = (...all: readonly [ready: number, ...messages: Buffer[]][]) => all;

/** Each step is sent at once, and what comes is read before the next. */
const series = {
  'DEALLOCATE where the settings have to follow': steps(
    [1, query("set timezone to 'Asia/Tokyo'")],
    [1, two],
    [1, query('DEALLOCATE c')],
    [1, runTwo],
    [1, two],
  ),
  'DEALLOCATE in a pipeline': steps([1, two], [4, query('select 1'), query('deallocate c'), two, runTwo]),
  'DEALLOCATE by the extended protocol': steps(
    [1, two],
    [1, prepare('', 'deallocate c'), run(''), prepare('', 'select 3'), run(''), sync()],
    [1, runTwo],
    [1, two],
  ),
  'what is nested deeper than it can be read here': steps(
    [1, query(`select ${'not '.repeat(4_000)}true`)],
    [1, prepare('deep', `select ${'- '.repeat(4_000)}1`), run('deep'), sync()],
    [1, prepare('', `set work_mem to '5MB' /* ${'/**/'.repeat(4_000)} */`), run(''), sync()],
    [1, query('show work_mem')],
  ),
  'comments before what the session keeps': steps(
    [1, query("/* one /* in another */ */ set work_mem to '5MB'")],
    [1, query("-- so\rset timezone to 'Asia/Tokyo'")],
    [1, query('/* /**/ */ begin')],
    [1, query('show work_mem')],
    [1, query('show timezone')],
    [1, query('/* /* */ */ rollback')],
    [1, query('/* why */ reset work_mem')],
    [1, query('show work_mem')],
    [1, query('/* /* why */ */ reset all')],
    [1, query('show timezone')],
  ),
  'DEALLOCATE among others in one text': steps(
    [1, two],
    [1, query('select 1; deallocate c; select 3')],
    [1, runTwo],
    [1, two],
    [1, query('deallocate c; select 1/0')],
    [1, runTwo],
    [1, two],
    [1, query('begin; deallocate c; rollback')],
    [1, runTwo],
    [1, query('deallocate c; deallocate d')],
    [1, query('deallocate all')],
    [1, two],
    [1, runTwo],
  ),
  'a Describe in a transaction that has failed': steps(
    [1, prepare('c', 'delete from pg_description where objoid = $1'), describe({ of: 'statement', name: 'c' }), sync()],
    [1, prepare('d', 'select $1::int'), describe({ of: 'statement', name: 'd' }), sync()],
    ...[1, 2, 3].flatMap(() =>
      steps(
        [1, query('begin')],
        [1, query('select 1/0')],
        [1, describe({ of: 'statement', name: 'c' }), describe({ of: 'statement', name: 'c' }), sync()],
        [1, describe({ of: 'statement', name: 'd' }), sync()],
        [1, query('rollback')],
      ),
    ),
  ),
  'DEALLOCATE that does not come to it': steps(
    [1, two],
    [1, prepare('', 'select 1/0'), run(''), prepare('', 'deallocate c'), run(''), sync()],
    [1, query('begin')],
    [1, query('select 1/0')],
    [1, query('deallocate c')],
    [1, query('rollback')],
    [1, runTwo],
  ),
  'RESET in a pipeline, of what the client came with': steps(
    [1, query("set work_mem to '5MB'")],
    [2, query('reset all'), query('show work_mem')],
    [2, query('discard all'), prepare('', 'show work_mem'), run(''), sync()],
    [2, query('set work_mem to default'), query('show work_mem')],
    [2, query('begin'), query('reset all')],
    [2, query('select 1/0'), query('rollback')],
  ),
  'RESET that cannot be prepared again, in a pipeline': steps(
    [1, query('begin')],
    [1, prepare('', 'reset work_mem'), run('none'), prepare('', 'select 1'), sync()],
    [1, run(''), prepare('', 'select 2'), sync()],
    [1, query('rollback')],
  ),
  'RESET by the unnamed statement, again': steps(
    [1, query("set work_mem to '5MB'")],
    ...['reset work_mem', 'set work_mem to default', 'reset all'].flatMap((text) =>
      steps([1, prepare('', text), run(''), sync()], [1, run(''), sync()], [2, run(''), sync(), run(''), sync()]),
    ),
    [1, query('show work_mem')],
    [2, query('begin'), prepare('', 'reset all'), run(''), sync()],
    [2, run(''), sync(), query('commit')],
  ),
  'a name of 9,000 bytes': steps([1, prepare(longName, 'select 1'), sync()], [1, run(longName), sync()]),
  'a statement whose Parse is passed over, behind the next Sync': steps(
    [1, two],
    [2, describe({ of: 'portal', name: 'none' }), run('c'), sync(), runTwo],
    [3, run('none'), run('c'), sync(), query('select 1'), runTwo],
    [1, runTwo],
  ),
  'a name of which a Parse, a Close or a DEALLOCATE was passed over, behind the next Sync': steps(
    [2, run('none'), prepare('c', 'select 1'), sync(), run('c'), sync()],
    [2, run('none'), prepare('c', 'select 1'), sync(), two],
    [1, runTwo],
    [2, run('none'), close({ of: 'statement', name: 'c' }), sync(), runTwo],
    [2, run('none'), close({ of: 'statement', name: 'c' }), prepare('c', 'select 1'), sync(), runTwo],
    [2, run('none'), close({ of: 'statement', name: 'c' }), sync(), prepare('c', 'select 3'), sync()],
    [2, run('none'), prepare('', 'deallocate c'), run(''), sync(), runTwo],
    [3, prepare('d', 'select from nowhere'), sync(), describe({ of: 'statement', name: 'd' }), sync(), runTwo],
    [3, close({ of: 'statement', name: 'c' }), sync(), two, runTwo],
    [1, runTwo],
  ),
  'a statement shown by SQL, behind one whose Parse will fail': steps(
    [1, two],
    [2, run('none'), prepare('d', 'select * from nowhere'), run('d'), sync(), query('execute c')],
    [1, runTwo],
  ),
  'a name of which a Parse or a Close is passed over, and of which SQL speaks behind the next Sync': steps(
    [2, run('none'), prepare('c', 'select 1'), sync(), query('select 4; deallocate c')],
    [1, two],
    [2, run('none'), close({ of: 'statement', name: 'c' }), sync(), query('execute c')],
    [1, runTwo],
  ),
  'a portal that is bound before the answer to the transaction ahead of it, and run behind that': steps(
    [1, prepare('c', "set work_mem to '7MB'"), sync()],
    [1, prepare('', 'select pg_sleep(0.05)'), run(''), sync(), binds('c')],
    [1, execute({ portal: '', rowsMax: 0 }), sync()],
    [1, query('show work_mem')],
  ),
  'DISCARD ALL twice in a pipeline': steps(
    [
      1,
      prepare('', 'discard all'),
      run(''),
      prepare('', 'discard all'),
      run(''),
      prepare('', 'show work_mem'),
      run(''),
      sync(),
    ],
    [1, query('show work_mem')],
  ),
  'DISCARD ALL before what fails in a pipeline, and what is sent behind its Sync': steps(
    [1, query("set work_mem to '5MB'")],
    [2, prepare('', 'discard all'), run(''), run('none'), sync(), query('show work_mem')],
    [1, query('show work_mem')],
  ),
  'DEALLOCATE of a name whose Close, or Parse, is passed over, behind the next Sync': steps(
    [1, two],
    [2, run('none'), close({ of: 'statement', name: 'c' }), sync(), query('deallocate c')],
    [1, runTwo],
    [2, run('none'), two, prepare('', 'deallocate c'), run(''), sync()],
    [1, prepare('d', 'deallocate c'), two],
    [2, run('none'), close({ of: 'statement', name: 'c' }), sync(), run('d'), sync()],
    [1, runTwo],
  ),
  'a name whose Parse fails, and its Close is passed over, behind what has changed tables': steps(
    [
      2,
      ...[prepare('', 'drop schema if exists nothing_there'), run(''), prepare('c', 'select nope')],
      ...[close({ of: 'statement', name: 'c' }), sync(), prepare('c', 'select 2'), run('c'), sync()],
    ],
    [1, runTwo],
  ),
  'two Parses of the unnamed statement that are passed over, one behind the Sync of the other': steps([
    3,
    run('none'),
    prepare('', 'select 8'),
    sync(),
    run('none'),
    prepare('', 'select 9'),
    sync(),
    run(''),
    sync(),
  ]),
  'a statement behind the next Sync, where what speaks of it in SQL is passed over': steps(
    [1, prepare('c', 'select 1'), sync()],
    [2, run('none'), prepare('d', 'execute c'), sync(), run('c'), sync()],
  ),
  'a statement behind the next Sync, where its Close is passed over, and what SQL says of another': steps(
    [1, prepare('c', 'select 1'), prepare('e', 'select 5'), sync()],
    [2, run('none'), close({ of: 'statement', name: 'c' }), prepare('d', 'execute e'), sync(), run('c'), sync()],
  ),
  'a statement behind the next Sync, where its Describe is passed over by a backend that has it no longer': steps(
    [1, prepare('', 'set local search_path to pg_catalog'), run(''), sync(), prepare('c', 'select 1')],
    [1, sync()],
    [2, run('none'), describe({ of: 'statement', name: 'c' }), sync(), run('c'), sync()],
  ),
  'a text of which a Parse is passed over, under another name behind the next Sync': steps(
    [3, run('none'), prepare('c', 'select 7'), sync(), prepare('d', 'select 7'), sync(), run('d'), sync()],
    [1, run('d'), sync()],
  ),
  'a statement that SQL speaks of behind what fails, and again': steps(
    [1, two],
    [1, run('none'), prepare('d', 'execute c'), sync()],
    [1, query('execute c')],
    [1, query("select name from pg_prepared_statements where name <> 'd'")],
  ),
  'what is prepared, where a table of it is gone': steps(
    [1, query('create table gone (x int)')],
    [1, prepare('a', 'table gone'), prepare('b', 'table gone'), prepare('c', 'select 2'), sync()],
    [1, query('drop table gone')],
    [1, prepare('d', showsC), describe({ of: 'statement', name: 'd' }), run('d'), sync()],
    [1, query('discard all')],
    [1, query('create table gone (x int)')],
    [1, prepare('a', 'table gone'), prepare('c', 'select 2'), sync()],
    [2, query('drop table gone'), query('begin')],
    [1, query(showsC)],
    [1, runTwo],
    [2, query('commit'), query(showsC)],
    [1, run('a'), sync()],
    [1, runTwo],
  ),
  'the unnamed statement, of which a Parse was passed over, behind the next Sync': steps(
    [1, prepare('', 'select 1'), run(''), sync()],
    [2, run('none'), run(''), sync(), run(''), sync()],
    [2, run('none'), prepare('', 'select 2'), run(''), sync(), run(''), sync()],
    [1, run(''), sync()],
    [2, run('none'), prepare('', 'select 3'), sync(), prepare('', 'select 4'), run(''), sync()],
    [1, run(''), sync()],
    [3, run('none'), prepare('', 'select 5'), sync(), query('select 6'), run(''), sync()],
    [1, run(''), sync()],
  ),
  'the unnamed statement, which is closed': steps(
    [1, prepare('', 'select 1'), run(''), closesUnnamed, sync()],
    [1, run(''), sync()],
    [2, prepare('', 'select 2'), sync(), closesUnnamed, run(''), sync()],
    [1, run(''), sync()],
    [1, prepare('', 'select 3'), sync()],
    [2, run('none'), closesUnnamed, sync(), run(''), sync()],
    [1, run(''), sync()],
    [1, closesUnnamed, sync()],
    [1, run(''), sync()],
  ),
  'a Close of what SQL prepares before it in a pipeline': steps(
    [3, query('prepare c as select 2'), close({ of: 'statement', name: 'c' }), sync(), runTwo],
    [1, two],
    [1, runTwo],
  ),
  'the unnamed statement of nobody': steps([1, run(''), sync()], [1, query('select 1')], [1, run(''), sync()]),
  'COPY in one go': steps(
    [1, query('create temp table t (x int)')],
    [1, query('copy t from stdin'), copyData(Buffer.from('1\n')), copyDone()],
    [1, prepare('', 'copy t from stdin'), run(''), sync(), copyData(Buffer.from('2\n')), copyDone(), sync()],
    [1, prepare('', 'copy t from stdin'), run(''), copyFail('no'), sync()],
    [2, query('copy t from stdin'), copyData(Buffer.from('x\n')), copyDone(), query('select * from t')],
    [2, query('copy none from stdin'), copyData(Buffer.from('1\n')), copyDone(), query('select 3')],
  ),
  'settings in a pipeline': steps(
    [3, prepare('', 'select 1'), sync(), query("set work_mem to '5MB'"), query('select 1/0')],
    [1, query('show work_mem')],
    [1, query('show work_mem')],
  ),
  'what code sets, in a pipeline': steps(
    [2, query(setInCode(1)), query('show app.set_in_code')],
    [1, query('show app.set_in_code')],
    [4, query('begin'), query(setInCode(2)), query('rollback'), query('show app.set_in_code')],
    [
      1,
      prepare('', setInCode(3)),
      run(''),
      prepare('', 'select 1/0'),
      run(''),
      prepare('', 'select 1'),
      run(''),
      sync(),
    ],
    [1, query('show app.set_in_code')],
    [1, prepare('', setInCode(4)), run(''), sync(), query('copy (select 1) to stdout')],
    [2, query('begin'), query('show app.set_in_code')],
    [1, query('rollback')],
  ),
  'a name that is taken, more than once': steps(
    [1, two],
    [1, prepare('d', 'select 3'), sync()],
    [
      3,
      prepare('c', 'select 4'),
      sync(),
      prepare('d', 'select 4'),
      prepare('c', 'select 5'),
      sync(),
      prepare('c', ''),
      sync(),
    ],
  ),
  'Parse in a failed transaction': steps(
    [1, two],
    [1, prepare('r', 'rollback'), sync()],
    [2, query('begin'), query('select 1/0')],
    [1, prepare('d', 'select 2'), sync()],
    [1, prepare('c', 'select 2'), sync()],
    [1, prepare('q', 'rollback'), sync()],
    [1, run('q'), sync()],
    [1, run('d'), sync()],
    [1, runTwo],
  ),
  'statements under their own names, of which a Parse was passed over': steps(
    [1, two],
    [1, describe({ of: 'statement', name: 'none' }), prepare('d', 'select 3'), prepare('', 'execute c'), sync()],
    [1, run('d'), sync()],
    [1, prepare('c', 'select 4'), sync()],
    [1, prepare('d', 'select 5'), run('d'), sync()],
    [1, runTwo],
  ),
  'a name that is taken, of what would forget something': steps(
    [1, prepare('n', 'select 1'), sync()],
    [1, prepare('n', 'reset timezone'), sync()],
    [1, run('n', 1), describesPortal, sync()],
    [1, run('none'), close({ of: 'statement', name: 'n' }), sync()],
    [1, run('n', 1), describesPortal, sync()],
  ),
  'messages that cannot be read': steps(
    [1, two],
    ...['P', 'B', 'D', 'C', 'E'].flatMap((type) => steps([1, message(type), sync()], [1, runTwo])),
    ...['D', 'C'].flatMap((type) =>
      ['x', 'xc\0', 'Sc', 'Sc\0 ', 'P'].flatMap((body) => steps([1, message(type, body), sync()])),
    ),
    [1, message('P', 'd'), sync()],
    [1, message('B', '\0c'), sync()],
    [1, prepare('', 'select 1'), run(''), message('C', 'xc\0'), run('c'), sync()],
    [3, query('begin'), message('D', 'xc\0'), sync(), query('select 1')],
    [1, query('rollback')],
    [2, run('none'), message('P'), message('B'), message('C'), message('D'), message('E'), sync(), query('select 1')],
    [1, runTwo],
  ),
  'what two names stand for': steps(
    [1, two],
    [1, prepare('d', 'select 2'), describe({ of: 'statement', name: 'd' }), sync()],
    [1, prepare('d', 'select 3'), sync()],
  ),
};

describeReal('POSTGRES', 'messages through pg-proxy', (where) => {
  let rig: RealRig;
  let alone: RealRig;
  beforeAll(async () => {
    rig = await RealRig.start(where, 'transaction', 4);
    alone = await RealRig.start(where, 'session', 4);
  });
  afterAll(async () => {
    await rig.close();
    await alone.close();
  });

  const open = (href: string, heard?: Transcript): Promise<WireClient> => {
    const parameters = { options: '-c work_mem=9MB', application_name: 'wire' };
    const wordOf = heard && { wordOf: heard.wordOf.bind(heard) };
    return WireClient.in({ ...accessOf(href), parameters, ...wordOf });
  };

  const inModes = Object.entries(series).flatMap(([title, all]) =>
    (['transaction', 'session'] as const).map((mode) => [title, mode, all] as const),
  );
  it.each(inModes)('are answered as without it: %s (%s mode)', async (_title, mode, all) => {
    const { url } = mode === 'session' ? alone : rig;
    const answersOf = async (href: string, between: (step: number) => Promise<void>): Promise<string[][]> => {
      const client = await open(href);
      const answers: string[][] = [];
      for (const [index, [ready, ...messages]] of all.entries()) {
        await between(index);
        const answer: string[] = [];
        client.send(...messages);
        while (answer.filter(isReady).length < ready) answer.push(...(await client.until('Z')));
        answers.push(answer);
      }
      client.close();
      return answers;
    };
    const direct = await answersOf(where, async () => undefined);
    // Others have now these, now those backends, so that each step meets another one.
    const others = [await open(url), await open(url), await open(url)];
    const proxied = await answersOf(url, async (step) => {
      for (const [index, other] of others.entries())
        await other.ask(query((step + index) % 3 === 0 ? 'begin' : 'rollback'));
    });
    for (const other of others) other.close();
    expect(proxied).toEqual(direct);
  });

  it('are not told that a setting is gone which a transaction has taken back, and which is set again', async () => {
    const heard = new Transcript();
    const client = await open(rig.url, heard);
    await client.ask(prepare('', 'discard all'), run(''), prepare('', 'begin'), run(''), sync());
    await client.ask(query('select 1/0'));
    expect(heard.parameters.get('application_name')).toBe('wire');
    await client.ask(query('rollback'));
    expect(heard.parameters.get('application_name')).toBe('wire');
    client.close();
  });

  it.each([
    ['', [query('discard all')]],
    ['by the extended protocol, ', [prepare('', 'discard all'), run(''), sync()]],
  ])('tell after DISCARD ALL, %swhat settings of the startup packet come back to', async (_how, discard) => {
    const parameters = { TimeZone: 'Asia/Tokyo', DateStyle: 'German', application_name: 'wire' };
    const toldBy = async (href: string): Promise<ReadonlyMap<string, string>> => {
      const heard = new Transcript();
      const client = await WireClient.in({ ...accessOf(href), parameters, wordOf: heard.wordOf.bind(heard) });
      await client.ask(query("set timezone to 'UTC'; set datestyle to 'SQL'; set application_name to 'other'"));
      await client.ask(...discard);
      client.close();
      return heard.parameters;
    };
    const direct = await toldBy(where);
    expect(direct.get('TimeZone')).toBe('Asia/Tokyo');
    expect([await toldBy(rig.url), await toldBy(alone.url)]).toEqual([direct, direct]);
  });

  it('are passed over behind an error where SQL speaks of a statement, up to the Sync of the client', async () => {
    const client = await open(rig.url);
    await client.ask(two);
    client.send(prepare('', 'syntax error'), flush());
    await client.until('ERROR 42601');
    const questions = [query('select lastval()'), prepare('', 'execute c'), run('')];
    expect(await client.ask(...questions, sync())).toEqual(['Z I']);
    expect(await client.ask(query('execute c'))).toEqual(['T', 'D 2', 'C SELECT 1', 'Z I']);
    client.close();
  });

  const broken = {
    'a length below its own': Buffer.from('Q\0\0\0\x03'),
    'more than a Sync may have': Buffer.from('S\x7f\xff\xff\xff', 'latin1'),
    'a type that nobody knows': message('z'),
  };
  const before = {
    'at once': [],
    'behind what is asked': [query('select pg_sleep(0.1)'), prepare('', 'select 2'), run(''), sync()],
    'behind an error, before the Sync': [prepare('', 'syntax error')],
    'in the middle of a block': [query('begin; select 1')],
    'in a COPY': [query('begin; create temp table broken (a int); copy broken from stdin')],
  };
  it.each(
    Object.entries(before).flatMap(([when, messages]) =>
      Object.entries(broken).map(([what, last]) => [what, when, messages, last] as const),
    ),
  )('end as without it with %s, %s', async (_what, when, messages, last) => {
    const wordsOf = async (href: string): Promise<string[]> => {
      const client = await open(href);
      client.send(...messages);
      const heard = when === 'in a COPY' ? await client.until('G') : [];
      client.send(last);
      return [...heard, ...(await client.until('closed'))];
    };
    const direct = await wordsOf(where);
    expect([await wordsOf(rig.url), await wordsOf(alone.url)]).toEqual([direct, direct]);
  });

  it('are answered to the end to a client that has said goodbye and closed its side', async () => {
    const long = [prepare('', "select repeat('x', 900000)"), run(''), sync()];
    const asked = [query('select 1'), query('select pg_sleep(0.05)'), ...long];
    const wordsOf = async (href: string): Promise<string[]> => {
      const client = await open(href);
      client.send(...asked, terminate());
      client.socket.end();
      return client.until('closed');
    };
    const direct = await wordsOf(where);
    expect(direct.length).toBeGreaterThan(8);
    expect([await wordsOf(rig.url), await wordsOf(alone.url)]).toEqual([direct, direct]);
  });

  it.each([
    ['with it', [prepare('', 'syntax error'), terminate()]],
    ['when it is told', [prepare('', 'syntax error'), flush()], [terminate()]],
  ])(
    'leave no backend behind where a client goes without a Sync after an error, %s',
    async (_when, first, then = []) => {
      const client = await open(rig.url);
      client.send(...first);
      if (then.length > 0) await client.until('ERROR 42601');
      client.send(...then);
      const { pools } = rig.running.proxy.host;
      expect(await eventually(() => pools.clients().length === 0 || undefined)).toBe(true);
      expect(await eventually(() => pools.backends().every(({ state }) => state !== 'active') || undefined)).toBe(true);
    },
  );

  it('do not meet what another has prepared under its own name for an EXECUTE that it did not run', async () => {
    const [one, other, ...busy] = await Promise.all(Array.from({ length: 5 }, () => open(rig.url)));
    for (const each of busy) await each.ask(query('begin'));
    await busy[0]!.ask(query('rollback'));
    await one!.ask(prepare('c', 'select 1'), prepare('d', 'execute c'), sync());

    expect(await other!.ask(run('c'), sync())).toEqual(['ERROR 26000 prepared statement "c" does not exist', 'Z I']);
    for (const each of [one!, other!, ...busy]) each.close();
  });
});
