import { afterEach, describe, expect, it } from '@jest/globals';
import { bind, close, execute, parse, query, sync } from '@medrex/pg-wire';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { oneBackend, prepare, run, set } from '../../testing/asked.ts';
import { ProxyRig, type RigOptions } from '../../testing/proxy-rig.ts';

let rig: ProxyRig;

afterEach(async () => {
  await rig.close();
});

const start = async (options?: RigOptions): Promise<ProxyRig> => (rig = await ProxyRig.start(options));

describe('prepared statements', () => {
  it('share prepared statements across clients and backends', async () => {
    await start({ config: { pool: { size: 2 } } });
    const [one, other] = [await rig.in(), await rig.in()];
    expect(await one.ask(prepare('mine'), sync())).toEqual(['1', 'Z I']);
    await other.ask(query('begin'));
    await one.ask(query('begin'));
    // Whichever backend it has now, the statement is there under the client's own name.
    expect((await one.ask(run('mine'), sync())).slice(0, 1)).toEqual(['2']);
    expect((await other.ask(prepare('theirs'), run('theirs'), sync())).slice(0, 2)).toEqual(['1', '2']);
    for (const backend of rig.postgres.backends) expect([...backend.prepared.keys()]).toEqual(['medrex_1']);
  });

  it('keep no texts that no client names any more, though backends have them', async () => {
    await start(oneBackend);
    const client = await rig.in();
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heapBytes = (): number => (collect(), process.memoryUsage().heapUsed);
    const before = heapBytes();
    for (let at = 0; at < 200; at++) {
      const text = `select '${at}${'x'.repeat(50_000)}'`;
      const name = `s${at}`;
      await client.ask(parse({ name, text, parameterTypes: [] }), close({ kind: 'statement', name }), sync());
    }
    const [backend] = rig.postgres.backends;
    expect(backend!.prepared.size).toBe(200);
    // What the server of this test keeps is none of the proxy's.
    backend!.prepared.clear();
    backend!.heard.length = 0;
    expect((heapBytes() - before) / 1_048_576).toBeLessThan(7);
  });

  it('prepare a text once for each backend, however often clients do', async () => {
    await start(oneBackend);
    for (let times = 0; times < 3; times++) {
      const client = await rig.in();
      expect(await client.ask(prepare('s'), run('s'), sync())).toEqual(['1', '2', 'D 1', 'C SELECT 1', 'Z I']);
      expect(await client.ask(close({ kind: 'statement', name: 's' }), sync())).toEqual(['3', 'Z I']);
      expect(await client.ask(run('s'), sync())).toEqual(['ERROR 26000 prepared statement "s" does not exist', 'Z I']);
    }
    expect(rig.postgres.backends[0]!.heard.filter((text) => text.startsWith('parse'))).toEqual(['parse select 1']);
  });

  it('report that a name is taken with the name of the client', async () => {
    await start(oneBackend);
    const client = await rig.in();
    await client.ask(prepare('s'), sync());
    expect(await client.ask(prepare('s', 'select 2'), sync())).toEqual([
      ...['ERROR 42P05 prepared statement "s" already exists', 'Z I'],
    ]);
    await client.ask(prepare('t'), sync());
    const both = [prepare('s', 'select 2'), sync(), prepare('t', 'select 2'), prepare('s', 'select 2'), sync()];
    client.send(...both);
    expect([...(await client.until('Z I')), ...(await client.until('Z I'))]).toEqual([
      ...['ERROR 42P05 prepared statement "s" already exists', 'Z I'],
      ...['ERROR 42P05 prepared statement "t" already exists', 'Z I'],
    ]);
  });

  it('have the unnamed statement in the next transaction, whoever was there in between', async () => {
    await start(oneBackend);
    const [one, other] = [await rig.in(), await rig.in()];
    await one.ask(prepare(''), sync());
    await other.ask(prepare('', 'select 2'), run(''), sync());
    expect(await one.ask(run(''), sync())).toEqual(['2', 'D 1', 'C SELECT 1', 'Z I']);
    expect(rig.postgres.backends[0]!.heard.slice(-1)).toEqual(['parse select 1']);
  });

  it('close the least recently used statement if a backend has too many', async () => {
    await start({ config: { pool: { size: 1, preparedStatements: 2 } } });
    const client = await rig.in();
    for (const name of ['a', 'b', 'c'])
      expect(await client.ask(prepare(name, `select '${name}'`), sync())).toEqual(['1', 'Z I']);
    expect([...rig.postgres.backends[0]!.prepared.keys()]).toEqual(['medrex_2', 'medrex_3']);
    expect((await client.ask(run('a'), sync()))[0]).toBe('2');
    // What fails before it is passed over is still there.
    await client.ask(prepare('', 'fail'), run('b'), sync());
    expect((await client.ask(run('c'), run('b'), sync())).filter((one) => one.startsWith('E'))).toEqual([]);
  });

  it('prepare again what no longer fits its tables', async () => {
    await start(oneBackend);
    const client = await rig.in();
    const stale = ['1', 'ERROR 0A000 cached plan must not change result type', 'Z I'];
    expect(await client.ask(prepare('s', 'stale'), run('s'), sync())).toEqual(stale);
    expect(await client.ask(run('s'), sync())).toEqual(['2', 'D 1', 'C SELECT 1', 'Z I']);
    expect(rig.postgres.backends[0]!.heard).toEqual(['parse stale', 'parse stale']);
  });

  it('track what prepared statements set', async () => {
    await start(oneBackend);
    const [one, other] = [await rig.in(), await rig.in()];
    const parameters = ['a.b', 'c'].map((value) => Buffer.from(value));
    await one.ask(
      prepare('s', 'select set_config($1, $2, false)'),
      bind({ portal: '', statement: 's', parameterFormats: [], parameters, resultFormats: [] }),
      execute({ portal: '', rowsMax: 0 }),
      sync(),
    );
    await other.ask(query('select 1'));
    await one.ask(query('select 2'));
    expect(rig.postgres.backends[0]!.heard.slice(-2)).toEqual([
      `SET LOCAL exit_on_error TO on;${set('a.b', 'c')}`,
      'select 2',
    ]);
  });

  it.each([
    ['text', 0, Buffer.from('true')],
    ['binary', 1, Buffer.of(1)],
  ])('do not restore what a parameter makes local: %s', async (_, format, isLocal) => {
    await start(oneBackend);
    const [one, other] = [await rig.in(), await rig.in()];
    const parameters = [Buffer.from('a.b'), Buffer.from('c'), isLocal];
    await one.ask(
      prepare('s', 'select set_config($1, $2, $3)'),
      bind({ portal: '', statement: 's', parameterFormats: [0, 0, format], parameters, resultFormats: [] }),
      execute({ portal: '', rowsMax: 0 }),
      sync(),
    );
    await other.ask(query('select 1'));
    await one.ask(query('select 2'));
    expect(rig.postgres.backends[0]!.heard.slice(-2)).toEqual(['select 1', 'select 2']);
  });

  it('do not share what is prepared behind a SET that may change how constants are read', async () => {
    await start(oneBackend);
    const [one, other] = [await rig.in(), await rig.in()];
    await one.ask(Buffer.concat([query('set datestyle to dmy'), prepare('s'), run('s'), sync()]));
    await one.ask(query('reset datestyle'));
    await other.ask(prepare('s'), run('s'), sync());
    await other.ask(query('set app.own to 1'));
    await other.ask(prepare('t'), sync());
    expect(rig.postgres.backends[0]!.heard.filter((text) => text.startsWith('parse'))).toEqual([
      'parse select 1',
      'parse select 1',
    ]);
  });

  it('know a prepared statement that is deallocated in SQL', async () => {
    await start(oneBackend);
    const client = await rig.in();
    await client.ask(prepare('s'), sync());
    expect(await client.ask(query('DEALLOCATE s'))).toEqual(['C DEALLOCATE', 'Z I']);
    await rig.atRest();
    expect(await client.ask(prepare('s', 'select 2'), run('s'), sync())).toEqual([
      ...['1', '2', 'D 1', 'C SELECT 1', 'Z I'],
    ]);
  });
});

describe('what the server skipped after an error', () => {
  const unnamed = prepare('', 'select mine');

  it.each(['transaction', 'session'])('is not searched for by name over and over in %s mode', async (mode) => {
    await start({ config: { pool: { size: 1, mode } } });
    const client = await rig.in();
    await client.ask(prepare('a'), sync());
    expect((await client.ask(query('deallocate '.repeat(90_000)))).at(-1)).toBe('Z I');
  });

  it('counts neither as prepared nor as removed', async () => {
    await start({ config: { pool: { size: 2 } } });
    const [client, other, third] = [await rig.in(), await rig.in(), await rig.in()];
    await client.ask(unnamed, sync());
    await other.ask(query('begin'));
    // The other backend has somebody else's.
    await third.ask(prepare('', 'select theirs'), sync());
    const missing = 'ERROR 26000 prepared statement "none" does not exist';
    expect(await client.ask(run('none'), prepare('', 'select new'), run(''), sync())).toEqual([missing, 'Z I']);
    expect(await client.ask(run('none'), run(''), sync())).toEqual([missing, 'Z I']);
    expect((await client.ask(run(''), sync())).at(-1)).toBe('Z I');
    expect(rig.postgres.backends[1]!.heard).toEqual(['parse select theirs', 'parse select mine']);
  });

  it('does not cause a setting to be forgotten', async () => {
    await start({ config: { pool: { size: 2 } } });
    const [client, other] = [await rig.in(), await rig.in()];
    client.send(query('select 1'), query("set work_mem to '5MB'"));
    await client.until('C SET');
    await client.until('Z');
    await other.ask(query('begin'));
    await client.ask(query('select 1'));
    expect(rig.postgres.backends[1]!.heard.join()).toContain('5MB');
  });
});

describe('DEALLOCATE ALL', () => {
  it('keeps what is prepared behind it in the same pipeline', async () => {
    await start(oneBackend);
    const [one, other] = [await rig.in(), await rig.in()];
    await one.ask(prepare('before'), sync());
    one.send(query('DEALLOCATE ALL'), prepare('behind', 'select 2'), sync());
    await one.until('Z I');
    await one.until('Z I');
    expect((await one.ask(run('behind'), sync())).at(-2)).toMatch(/^C SELECT/);
    expect((await one.ask(run('before'), sync()))[0]).toContain('26000');
    // It is there under its shared name, and is not prepared again.
    const words = await other.ask(prepare('same', 'select 2'), run('same'), sync());
    expect(words.filter((word) => word.startsWith('ERROR'))).toEqual([]);
  });

  it.each([
    ['in the same pipeline', [query('DEALLOCATE ALL')]],
    ['in the same series', [prepare('', 'DEALLOCATE ALL'), run('')]],
  ])('frees a name that is used again behind it %s', async (_where, forgetting) => {
    await start(oneBackend);
    const [one, other] = [await rig.in(), await rig.in()];
    const shared = await other.ask(prepare('shared', 'select 1'), run('shared'), sync());
    for (const text of ['select 1', 'select 2', 'select 1']) {
      one.send(...forgetting, prepare('same', text), run('same'), sync());
      await one.until('C DEALLOCATE ALL');
      const words = await one.until('C SELECT 1');
      expect(words.filter((word) => word.startsWith('ERROR'))).toEqual([]);
      await one.until('Z I');
      expect((await one.ask(run('same'), sync())).at(-2)).toBe('C SELECT 1');
    }
    expect(await other.ask(run('shared'), sync())).toEqual(shared.slice(1));
  });

  it('that fails removes nothing, and what waits behind it goes on', async () => {
    await start(oneBackend);
    const one = await rig.in();
    await one.ask(prepare('before', 'select 1'), sync());
    one.send(query('fail DEALLOCATE ALL'), run('before'), sync());
    expect((await one.until('Z I'))[0]).toMatch(/^ERROR/);
    expect((await one.until('Z I')).at(-2)).toBe('C SELECT 1');
  });
});
