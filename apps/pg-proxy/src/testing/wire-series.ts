import { bind, close, copyData, copyDone, copyFail, describe, execute, parse, query, sync } from '@medrex/pg-wire';

export const prepare = (name: string, text: string): Buffer => parse({ name, text, parameterTypes: [] });
const binds = (statement: string): Buffer =>
  bind({ portal: '', statement, parameterFormats: [], parameters: [], resultFormats: [] });
export const run = (statement: string, rowsMax = 0): Buffer =>
  Buffer.concat([binds(statement), execute({ portal: '', rowsMax })]);
const describesPortal = describe({ of: 'portal', name: '' });
const closesUnnamed = close({ of: 'statement', name: '' });
export const two = Buffer.concat([prepare('c', 'select 2'), sync()]);
const showsC = "select name from pg_prepared_statements where name = 'c'";
const runTwo = Buffer.concat([run('c'), sync()]);
const setInCode = (value: number): string =>
  `do $$ begin perform set_config('app.set_in_code', '${value}', false); end $$`;
/** A message whose length is right, whatever is in it. */
export const message = (type: string, body = ''): Buffer => {
  const head = Buffer.from(`${type}\0\0\0\0`);
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, Buffer.from(body)]);
};
const longName = 'n'.repeat(9_000);
/** How often a step is answered by ReadyForQuery. */
const steps = (...all: readonly [ready: number, ...messages: Buffer[]][]) => all;

/** Each step is sent at once, and what comes is read before the next. */
export const wireSeries = {
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
  'DEALLOCATE of what a failed transaction has refused to prepare': steps(
    [1, query('begin; deallocate all')],
    [1, run('c'), sync()],
    [2, prepare('c', 'select 1'), sync(), prepare('', 'deallocate c'), run(''), sync()],
    [1, prepare('c', 'rollback'), run('c'), sync()],
    [
      2,
      prepare('d', 'select nonsense'),
      prepare('', 'deallocate d'),
      run(''),
      sync(),
      prepare('d', 'select 5'),
      run('d'),
      sync(),
    ],
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
