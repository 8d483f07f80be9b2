import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import {
  bind,
  cancelRequest,
  close,
  copyData,
  copyDone,
  copyFail,
  execute,
  flush,
  gssencRequest,
  parse,
  query,
  startupMessage,
  sync,
  terminate,
} from '@medrex/pg-wire';
import { cut } from '@medrex/pg-wire/testing';
import { connect } from 'node:net';
import { ProxyRig, type RigOptions } from './testing/proxy-rig.ts';
import type { WireClient } from './testing/wire-client.ts';

let rig: ProxyRig;

afterEach(async () => {
  await rig.close();
});

const start = async (options?: RigOptions): Promise<ProxyRig> => (rig = await ProxyRig.start(options));
const small = { config: { pool: { size: 1, waitTimeoutMs: 60_000 } } };
const prepare = (name: string, text = 'select 1'): Buffer => parse({ name, text, parameterTypes: [] });
const set = (name: string, value: string): string => `SELECT pg_catalog.set_config(E'${name}',E'${value}',false)`;
const run = (statement: string): Buffer =>
  Buffer.concat([
    bind({ portal: '', statement, parameterFormats: [], parameters: [], resultFormats: [] }),
    execute({ portal: '', rowsMax: 0 }),
  ]);
/** Until it is as expected. */
const holds = async (expectation: () => void): Promise<void> => {
  await eventually(() => {
    expectation();
    return true;
  });
};
/** Until the scripted server has heard it. */
const heard = (text: string): Promise<void> =>
  holds(() => expect(rig.postgres.backends.flatMap((backend) => backend.heard)).toContain(text));
const waiting = (count: number): Promise<void> =>
  holds(() => expect(rig.running.proxy.host.pools.totals(0).waiting).toBe(count));
const pinned = (): number => rig.running.proxy.host.pools.totals(0).pinned;
const atRest = (): Promise<void> =>
  holds(() => {
    const { active, resetting } = rig.running.proxy.host.pools.totals(0);
    expect(active + resetting).toBe(0);
  });

describe('login', () => {
  it('lets in who proves himself, and nobody else', async () => {
    await start();
    const client = await rig.in();
    expect(await client.ask(query('select 1'))).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
    const wrong = 'FATAL 28P01 password authentication failed for user';
    expect(await rig.open({ password: 'wrong' }).until('closed')).toEqual([`${wrong} "app"`]);
    expect(await rig.open({ user: 'nobody' }).until('closed')).toEqual([`${wrong} "nobody"`]);
  });

  it.each([
    ['a database that is not there', { database: 'none' }, 'FATAL 3D000 database "none" does not exist'],
    [
      'replication',
      { parameters: { replication: 'true' } },
      'FATAL 0A000 replication connections are not taken by pg-proxy: make them to the server itself',
    ],
    ['options that are not settings', { parameters: { options: '-B 5' } }, 'FATAL 22023 invalid command-line argument'],
    ['a protocol that nobody speaks', { minor: 0x40000 }, 'FATAL 0A000 unsupported frontend protocol 7.0'],
  ])('refuses %s', async (_what, options, expected) => {
    await start();
    const [word] = await rig.open(options).until('closed');
    expect(word).toContain(expected);
  });

  it('speaks 3.2 with long cancel keys, and says what it does not know', async () => {
    await start();
    const client = await rig.in({ minor: 2 });
    expect(client.key?.secretKey).toHaveLength(32);
    const other = rig.open({ minor: 9_999, parameters: { '_pq_.news': 'x' } });
    expect(await other.until('Z I')).toEqual(['v', 'Z I']);
  });

  it('answers GSSENC with no and goes on', async () => {
    await start();
    const socket = connect({ host: '127.0.0.1', port: rig.port });
    socket.write(gssencRequest());
    const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.destroy();
    expect(answer.toString()).toBe('N');
  });

  it('closes without a word on bytes that are no startup packet, as PostgreSQL does', async () => {
    await start();
    const socket = connect({ host: '127.0.0.1', port: rig.port });
    socket.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    const heard: Buffer[] = [];
    socket.on('data', (answer: Buffer) => heard.push(answer));
    await new Promise((resolve) => socket.once('close', resolve));
    expect(heard).toEqual([]);
  });

  it('tells what the upstream says when it lets nobody in', async () => {
    await start({ config: { databases: { app: { upstream: 'main', user: 'stranger' } } } });
    const words = await rig.open().until('closed');
    expect(words).toEqual(['FATAL 28P01 there is no password for the upstream that it takes']);
  });

  it('takes no more clients than it may', async () => {
    await start({ config: { clientsMax: 1 } });
    await rig.in();
    expect(await rig.open().until('closed')).toEqual(['FATAL 53300 sorry, too many clients already']);
  });
});

describe('transaction mode', () => {
  it('serves many clients with one backend, each for a transaction', async () => {
    await start(small);
    const [one, other] = [await rig.in(), await rig.in({ user: 'app' })];
    expect(await one.ask(query('begin'))).toEqual(['C BEGIN', 'Z T']);
    other.send(query('select 1'));
    await waiting(1);
    expect(await one.ask(query('commit'))).toEqual(['C COMMIT', 'Z I']);
    expect(await other.until('Z')).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
    expect(rig.postgres.open).toHaveLength(1);
  });

  it('keeps what a client sends while it waits, in whatever chunks that comes', async () => {
    await start(small);
    const [one, other] = [await rig.in(), await rig.in()];
    await one.ask(query('begin'));
    const received = (): number => rig.running.proxy.host.trafficOf('app').received;
    const texts = Array.from({ length: 5 }, (_, index) => `select ${index} as ${'abcde'.charAt(index).repeat(40)}`);
    for (const part of cut(Buffer.concat(texts.map((text) => query(text))), [70, 10, 90, 1])) {
      const before = received();
      other.send(part);
      await holds(() => expect(received()).toBe(before + part.length));
    }
    await one.ask(query('commit'));
    for (const text of texts) expect([text, (await other.until('Z I')).at(-1)]).toEqual([text, 'Z I']);
    expect(rig.postgres.backends[0]!.heard.slice(-texts.length)).toEqual(texts);
  });

  it('answers what was sent ahead in order, and skips to Sync after an error', async () => {
    await start(small);
    const client = await rig.in();
    const words = await client.ask(prepare('a'), run('a'), prepare('b', 'fail'), run('a'), query('select 2'), sync());
    expect(words).toEqual(['1', '2', 'D 1', 'C SELECT 1', 'ERROR 42601 syntax error', 'Z I']);
    expect(await client.ask(run('a'), sync())).toEqual(['2', 'D 1', 'C SELECT 1', 'Z I']);
    expect(await client.ask(run('b'), sync())).toEqual(['ERROR 26000 prepared statement "b" does not exist', 'Z I']);
  });

  it('keeps a backend with what was flushed until its Sync, which is what ends its transaction', async () => {
    await start(small);
    const [one, other] = [await rig.in(), await rig.in()];
    one.send(prepare(''), run(''), flush());
    expect(await one.until('C SELECT 1')).toEqual(['1', '2', 'D 1', 'C SELECT 1']);
    other.send(query('select 1'));
    await waiting(1);
    expect(await one.ask(run(''), sync())).toEqual(['2', 'D 1', 'C SELECT 1', 'Z I']);
    expect(await other.until('Z')).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
    expect(rig.postgres.open).toHaveLength(1);
  });

  it('shares prepared statements across clients and backends', async () => {
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

  it('prepares a text once for each backend, however often clients do', async () => {
    await start(small);
    for (let times = 0; times < 3; times++) {
      const client = await rig.in();
      expect(await client.ask(prepare('s'), run('s'), sync())).toEqual(['1', '2', 'D 1', 'C SELECT 1', 'Z I']);
      expect(await client.ask(close({ of: 'statement', name: 's' }), sync())).toEqual(['3', 'Z I']);
      expect(await client.ask(run('s'), sync())).toEqual(['ERROR 26000 prepared statement "s" does not exist', 'Z I']);
    }
    expect(rig.postgres.backends[0]!.heard.filter((text) => text.startsWith('parse'))).toEqual(['parse select 1']);
  });

  it('says that a name is taken in the words of the client', async () => {
    await start(small);
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

  it('has the unnamed statement there in the next transaction, whoever was there in between', async () => {
    await start(small);
    const [one, other] = [await rig.in(), await rig.in()];
    await one.ask(prepare(''), sync());
    await other.ask(prepare('', 'select 2'), run(''), sync());
    expect(await one.ask(run(''), sync())).toEqual(['2', 'D 1', 'C SELECT 1', 'Z I']);
    expect(rig.postgres.backends[0]!.heard.slice(-1)).toEqual(['parse select 1']);
  });

  it('closes the statement that was not used for longest where a backend has too many', async () => {
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

  it('keeps a backend with a client that has left something behind, until it is gone', async () => {
    await start({ config: { pool: { size: 2 } } });
    const client = await rig.in();
    await client.ask(query('listen x'));
    expect(pinned()).toBe(1);
    await client.ask(query('unlisten x'));
    expect(pinned()).toBe(0);
    await client.ask(query('begin; listen x'));
    await client.ask(query('rollback'));
    expect(pinned()).toBe(0);
    await client.ask(query('listen y'));
    client.send(terminate());
    await heard('DISCARD ALL');
    await atRest();
    expect(rig.postgres.open).toHaveLength(1);
  });

  it('takes what a client has set to its next backend, and not what was rolled back', async () => {
    await start(small);
    const [one, other] = [await rig.in(), await rig.in()];
    await one.ask(query(`set work_mem to '1MB'`));
    await one.ask(query('begin'));
    await one.ask(query('set statement_timeout to 5'));
    await one.ask(query('rollback'));
    await other.ask(query('select 1'));
    await one.ask(query('select 1'));
    expect(pinned()).toBe(0);
    expect(rig.postgres.backends[0]!.heard.slice(-4)).toEqual([
      ...['RESET ALL', 'select 1', set('work_mem', '1MB'), 'select 1'],
    ]);
  });

  it('sets again what the server says that a setting came to', async () => {
    await start(small);
    const [one, other] = [await rig.in(), await rig.in()];
    await one.ask(query('set datestyle to dmy'));
    await other.ask(query('select 1'));
    await one.ask(query('select 2'));
    expect(rig.postgres.backends[0]!.heard.at(-2)).toBe(set('datestyle', 'ISO, DMY'));
  });

  it.each([
    [true, 1],
    [false, 0],
  ])('keeps a backend after nextval where it shall: %s', async (pinSequences, count) => {
    await start({ config: { pool: { size: 2, pinSequences } } });
    await (await rig.in()).ask(query(`select nextval('s')`));
    expect(pinned()).toBe(count);
  });

  it('prepares anew what no longer fits its tables', async () => {
    await start(small);
    const client = await rig.in();
    const stale = ['1', 'ERROR 0A000 cached plan must not change result type', 'Z I'];
    expect(await client.ask(prepare('s', 'stale'), run('s'), sync())).toEqual(stale);
    expect(await client.ask(run('s'), sync())).toEqual(['2', 'D 1', 'C SELECT 1', 'Z I']);
    expect(rig.postgres.backends[0]!.heard).toEqual(['parse stale', 'parse stale']);
  });

  it('follows what prepared statements set', async () => {
    await start(small);
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
    expect(rig.postgres.backends[0]!.heard.slice(-2)).toEqual([set('a.b', 'c'), 'select 2']);
  });

  it('knows a prepared statement that is deallocated in SQL', async () => {
    await start(small);
    const client = await rig.in();
    await client.ask(prepare('s'), sync());
    expect(await client.ask(query('DEALLOCATE s'))).toEqual(['C DEALLOCATE', 'Z I']);
    await atRest();
    expect(await client.ask(prepare('s', 'select 2'), run('s'), sync())).toEqual([
      ...['1', '2', 'D 1', 'C SELECT 1', 'Z I'],
    ]);
  });

  it('gives the backend back at DISCARD ALL', async () => {
    await start(small);
    const client = await rig.in();
    await client.ask(query('listen x'));
    await client.ask(query('DISCARD ALL'));
    await atRest();
    expect(pinned()).toBe(0);
  });

  it('takes the settings of a startup packet to whichever backend it gets', async () => {
    await start(small);
    const one = await rig.in({ parameters: { application_name: 'one' } });
    const other = await rig.in({ parameters: { application_name: 'other', options: '-c work_mem=5MB' } });
    await one.ask(query('select 1'));
    await other.ask(query('select 1'));
    await one.ask(query('select 1'));
    expect(rig.postgres.backends[0]!.heard.filter((text) => text !== 'select 1')).toEqual([
      set('application_name', 'one'),
      `${set('work_mem', '5MB')};${set('application_name', 'other')}`,
      `RESET "work_mem";${set('application_name', 'one')}`,
      `${set('work_mem', '5MB')};${set('application_name', 'other')}`,
      `RESET "work_mem";${set('application_name', 'one')}`,
    ]);
  });

  it('answers a Sync, a Flush and a Close for which nobody is needed', async () => {
    await start(small);
    const [busy, client] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    expect(await client.ask(flush(), close({ of: 'portal', name: '' }), sync())).toEqual(['3', 'Z I']);
  });

  it('tells a client that waits for too long, and keeps it', async () => {
    await start({ config: { pool: { size: 1, reserve: 0, waitTimeoutMs: 400 } } });
    const [busy, client] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    const refused = 'ERROR 53300 no connection to the database became free in time';
    expect(await client.ask(query('select 1'))).toEqual([refused, 'Z I']);
    expect(await client.ask(prepare('s'), run('s'), sync())).toEqual([refused, 'Z I']);
    await busy.ask(query('commit'));
    expect((await client.ask(query('select 1'))).at(-1)).toBe('Z I');
  });
});

describe('what the server passed over after an error', () => {
  const unnamed = prepare('', 'select mine');

  it('does not count as prepared, nor as taken away', async () => {
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

  it('is not what a setting is forgotten for', async () => {
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

describe('COPY', () => {
  it('takes data in, and gives up where the client does', async () => {
    await start(small);
    const client = await rig.in();
    client.send(query('copy in'));
    await client.until('G');
    expect(await client.ask(copyData(Buffer.from('a\n')), copyData(Buffer.alloc(200_000)), copyDone())).toEqual([
      'C COPY 2',
      'Z I',
    ]);
    client.send(query('copy in'));
    await client.until('G');
    expect(await client.ask(copyFail('no more'))).toEqual(['ERROR 57014 COPY from stdin failed', 'Z I']);
    // What is sent for a COPY that is over reaches nobody.
    expect((await client.ask(copyData(Buffer.from('late')), copyDone(), query('select 1'))).at(-1)).toBe('Z I');
  });

  it('takes data that a client sends without waiting to be asked for it', async () => {
    await start(small);
    const client = await rig.in();
    const data = [copyData(Buffer.from('a\n')), copyDone()];
    expect(await client.ask(query('copy in'), ...data)).toEqual(['G', 'C COPY 1', 'Z I']);
    client.send(query('copy in'), copyFail('no'), query('fail'), ...data, query('select 1'));
    const failed = ['G', 'ERROR 57014 COPY from stdin failed', 'Z I', 'ERROR 42601 syntax error', 'Z I'];
    expect(await client.until('C')).toEqual([...failed, 'T', 'D 1', 'C SELECT 1']);
    const other = await rig.in();
    expect((await other.ask(query('select 1'))).at(-1)).toBe('Z I');
  });

  it('goes back to the pool when data is still on its way at the end of it', async () => {
    await start(small);
    const client = await rig.in();
    const late = copyData(Buffer.alloc(300_000));
    client.send(query('copy in'));
    await client.until('G');
    client.send(late.subarray(0, 100_000));
    rig.postgres.backends[0]!.failCopy();
    await client.until('Z I');
    client.send(late.subarray(100_000));
    const other = await rig.in();
    expect((await other.ask(query('select 1'))).at(-1)).toBe('Z I');
  });

  it('ends for a client that vanishes before it begins', async () => {
    await start(small);
    const client = await rig.in();
    client.send(query('copy later'));
    await heard('copy later');
    client.close();
    await holds(() => expect(rig.running.proxy.host.pools.totals(0).resetting).toBe(1));
    rig.postgres.backends[0]!.beginCopy();
    await atRest();
  });

  it('ends for a client that vanishes in the middle', async () => {
    await start(small);
    const client = await rig.in();
    client.send(query('copy in'));
    await client.until('G');
    client.close();
    await atRest();
    const other = await rig.in();
    expect(await other.ask(query('select 1'))).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
  });
});

/** @param change of the secret */
const cancel = (key: WireClient['key'], change = 0): void => {
  const socket = connect({ host: '127.0.0.1', port: rig.port });
  socket.end(cancelRequest(key!.processId, Buffer.from(key!.secretKey.map((byte) => byte ^ change))));
};

describe('cancel', () => {
  it('reaches what the client asked for, and no other', async () => {
    await start({ config: { pool: { size: 2 } } });
    const [one, other] = [await rig.in(), await rig.in()];
    one.send(query('hang'));
    other.send(query('hang'));
    await holds(() => expect(rig.postgres.open).toHaveLength(2));
    await holds(() => expect(rig.postgres.backends.map(({ heard: texts }) => texts)).toEqual([['hang'], ['hang']]));
    cancel(one.key);
    expect(await one.until('Z')).toEqual(['ERROR 57014 canceling statement due to user request', 'Z I']);
    cancel(other.key, 1);
    cancel(one.key);
    expect((await one.ask(query('select 1'))).at(-1)).toBe('Z I');
    cancel(other.key);
    expect(await other.until('Z')).toEqual(['ERROR 57014 canceling statement due to user request', 'Z I']);
  });

  it('that is on its way when its client leaves reaches nobody else', async () => {
    await start(small);
    const [one, other] = [await rig.in(), await rig.in()];
    rig.postgres.heldCancels = [];
    one.send(query('hang'));
    await heard('hang');
    cancel(one.key);
    await holds(() => expect(rig.postgres.heldCancels).toHaveLength(1));
    const [backend] = rig.postgres.backends;
    backend!.cancel();
    await one.until('Z');
    one.send(terminate());
    other.send(query('hang'));
    await waiting(1);
    for (const letGo of rig.postgres.heldCancels.splice(0)) letGo();
    await holds(() => expect(backend!.heard.at(-1)).toBe('hang'));
    expect(backend!.cancelled).toHaveLength(1);
    rig.postgres.heldCancels = undefined;
    cancel(other.key);
    expect(await other.until('Z')).toEqual(['ERROR 57014 canceling statement due to user request', 'Z I']);
  });

  it('ends a wait', async () => {
    await start(small);
    const [busy, client] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    client.send(query('select 1'));
    await waiting(1);
    cancel(client.key);
    expect(await client.until('Z')).toEqual(['ERROR 57014 canceling statement due to user request', 'Z I']);
    await busy.ask(query('commit'));
    expect((await client.ask(query('select 1'))).at(-1)).toBe('Z I');
  });
});

describe('DEALLOCATE ALL', () => {
  it('leaves what is prepared behind it in the same pipeline', async () => {
    await start(small);
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
  ])('lets a name be given again behind it %s', async (_where, forgetting) => {
    await start(small);
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

  it('that fails takes nothing away, and what waits behind it goes on', async () => {
    await start(small);
    const one = await rig.in();
    await one.ask(prepare('before', 'select 1'), sync());
    one.send(query('fail DEALLOCATE ALL'), run('before'), sync());
    expect((await one.until('Z I'))[0]).toMatch(/^ERROR/);
    expect((await one.until('Z I')).at(-2)).toBe('C SELECT 1');
  });
});

describe('who vanishes', () => {
  it('leaves no transaction behind', async () => {
    await start(small);
    const client = await rig.in();
    await client.ask(query('begin'));
    client.close();
    await heard('ROLLBACK');
    await atRest();
    expect(rig.postgres.open).toHaveLength(1);
  });

  it('commits nothing that it has flushed without a Sync', async () => {
    await start(small);
    const client = await rig.in();
    client.send(prepare(''), run(''), flush());
    await client.until('C SELECT 1');
    client.close();
    // Only the end of its connection takes back what the server has done of it.
    await holds(() => expect(rig.postgres.open).toHaveLength(0));
    expect(await (await rig.in()).ask(query('select 1'))).toEqual(['T', 'D 2', 'C SELECT 1', 'Z I']);
  });

  it('has its query cancelled', async () => {
    await start(small);
    const client = await rig.in();
    client.send(query('hang'));
    await heard('hang');
    client.close();
    await atRest();
    const other = await rig.in();
    expect(await other.ask(query('select 1'))).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
    expect(rig.postgres.open).toHaveLength(1);
  });

  it('takes its backend with it in the middle of a message', async () => {
    await start(small);
    const client = await rig.in();
    const long = query(`select '${'x'.repeat(400_000)}'`);
    client.send(long.subarray(0, 200_000));
    await holds(() => expect(rig.running.proxy.host.pools.totals(0).active).toBe(1));
    client.close();
    await atRest();
    expect((await (await rig.in()).ask(query('select 1'))).at(-1)).toBe('Z I');
  });

  it('does not wait in the line any more', async () => {
    await start(small);
    const [busy, client] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    client.send(query('select 1'));
    await waiting(1);
    client.close();
    await waiting(0);
  });

  it('is told what its server said', async () => {
    await start(small);
    const client = await rig.in();
    client.send(query('die'));
    expect(await client.until('closed')).toEqual(['FATAL 57P01 terminating connection']);
    const other = await rig.in();
    other.send(query('vanish'));
    expect(await other.until('closed')).toEqual(['FATAL 08006 server closed the connection unexpectedly']);
    expect(await (await rig.in()).ask(query('select 1'))).toEqual(['T', 'D 3', 'C SELECT 1', 'Z I']);
  });

  it('does not notice that an idle backend went', async () => {
    await start(small);
    const client = await rig.in();
    await client.ask(query('select 1'));
    rig.postgres.backends[0]!.socket.destroy();
    await holds(() => expect(rig.running.proxy.host.pools.totals(0).idle).toBe(0));
    expect(await client.ask(query('select 1'))).toEqual(['T', 'D 2', 'C SELECT 1', 'Z I']);
  });

  it('is sent away for bytes that are no message', async () => {
    await start(small);
    const client = await rig.in();
    client.send(Buffer.from('zzzzzzzzz'));
    expect(await client.until('closed')).toEqual(['FATAL 08P01 invalid frontend message type 122']);
  });
});

describe('session mode', () => {
  it('keeps a backend for a client until it leaves, and names as they are', async () => {
    await start({ config: { pool: { mode: 'session', size: 2 } } });
    const client = await rig.in();
    await client.ask(prepare('mine'), sync());
    await client.ask(query('set work_mem to 1'));
    expect([...rig.postgres.backends[0]!.prepared.keys()]).toEqual(['mine']);
    client.send(terminate());
    await heard('DISCARD ALL');
    await atRest();
    expect(rig.postgres.backends[0]!.prepared.size).toBe(0);
  });

  it('gives a client its backend with the login, by its process id, and lets others wait with their first statement', async () => {
    await start({ config: { pool: { mode: 'session', size: 1 } } });
    const [first, other] = [await rig.in(), await rig.in()];
    const [backend] = rig.postgres.backends;
    expect(first.key?.processId).toBe(backend!.id);
    expect(other.key?.processId).toBeGreaterThan(2 ** 22);
    first.send(query('hang'));
    await heard('hang');
    cancel(first.key);
    expect(await first.until('Z')).toEqual(['ERROR 57014 canceling statement due to user request', 'Z I']);
    first.send(terminate());
    expect(await other.ask(query('select 1'))).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
  });
});

it('reads a startup packet that comes byte by byte', async () => {
  await start();
  const socket = connect({ host: '127.0.0.1', port: rig.port, noDelay: true });
  const packet = startupMessage(0, [['user', 'app']]);
  for (const byte of packet) socket.write(Buffer.from([byte]));
  const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  socket.destroy();
  expect(answer.toString('latin1')).toContain('SCRAM-SHA-256');
});

describe('statement mode', () => {
  const statement = { config: { pool: { size: 1, mode: 'statement', waitTimeoutMs: 60_000 } } };

  it('gives the backend to the next client after each statement, and ends who begins a transaction', async () => {
    await start(statement);
    const [one, other] = [await rig.in(), await rig.in()];
    expect(await one.ask(query('select 1'))).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
    expect(await other.ask(query('select 1'))).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
    one.send(query('BEGIN'));
    expect(await one.until('closed')).toEqual([
      'C BEGIN',
      'FATAL 0A000 transaction blocks not allowed in statement pooling mode',
    ]);
    expect(await other.ask(query('select 1'))).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
    expect(rig.postgres.backends.flatMap((backend) => backend.heard)).toContain('ROLLBACK');
  });
});
