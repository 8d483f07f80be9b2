import { afterEach, describe, expect, it } from '@jest/globals';
import { close, flush, gssencRequest, query, sslRequest, startupMessage, sync, terminate } from '@medrex/pg-wire';
import { cut } from '@medrex/pg-wire/testing';
import { connect } from 'node:net';
import { terminatedByAdmin } from './session/client/client-end.ts';
import { oneBackend, prepare, run, set } from './testing/asked.ts';
import { holds, ProxyRig, type RigOptions } from './testing/proxy-rig.ts';

let rig: ProxyRig;

afterEach(async () => {
  await rig.close();
});

const start = async (options?: RigOptions): Promise<ProxyRig> => (rig = await ProxyRig.start(options));
/** Goes before settings whose answer is not waited for. */
const orEnd = 'SET LOCAL exit_on_error TO on;';

describe('login', () => {
  it('admits clients that authenticate, and nobody else', async () => {
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
      'FATAL 0A000 pg-proxy does not support replication connections: connect to the server itself',
    ],
    [
      'what is no way of replication',
      { parameters: { replication: 'bogus' } },
      'FATAL 22023 invalid value for parameter "replication": "bogus"',
    ],
    [
      'options that are not settings',
      { parameters: { options: '-x 5' } },
      'FATAL 42601 invalid command-line argument for server process: -x',
    ],
    ['a protocol that nobody speaks', { minor: 0x40000 }, 'FATAL 0A000 unsupported frontend protocol 7.0'],
  ])('refuses %s', async (_what, options, expected) => {
    await start();
    const [word] = await rig.open(options).until('closed');
    expect(word).toContain(expected);
  });

  it.each([
    ['reject', 'pg_hba.conf rejects connection'],
    ['no pg_hba.conf entry for others', 'no pg_hba.conf entry'],
  ])('refuses clients by rules: %s', async (_what, expected) => {
    const rules = [{ users: [expected.startsWith('no') ? 'others' : 'app'], method: 'reject' }];
    await start({ config: { auth: { userFile: 'users.txt', rules } } });
    const where = 'for host "127.0.0.1", user "app", database "app", no encryption';
    expect(await rig.open().until('closed')).toEqual([`FATAL 28000 ${expected} ${where}`]);
  });

  it('adds the address of a client to its application_name if configured', async () => {
    await start({ config: { applicationNameAddHost: true } });
    for (const parameters of [{ application_name: 'psql' }, undefined]) {
      await rig.in(parameters && { parameters });
      const name = new RegExp(
        set('application_name', `${parameters?.application_name ?? 'app'} - 127.0.0.1:PORT`)
          .replaceAll(/[.()]/g, '\\$&')
          .replace('PORT', '\\d+'),
      );
      await holds(() => expect(rig.postgres.backends.flatMap(({ heard }) => heard).join('\n')).toMatch(name));
    }
  });

  it('admits clients with ignored parameters, without asking a server', async () => {
    await start({ config: { ignoreStartupParameters: ['Pooled', 'options'] } });
    await rig.in({ parameters: { pooled: 'true', search_path: 'a', options: '-c work_mem=2MB' } });
    const heard = (): string => rig.postgres.backends.flatMap((backend) => backend.heard).join('\n');
    await holds(() => expect(heard()).toContain(set('search_path', 'a')));
    expect(heard()).not.toMatch(/pooled|work_mem/);
  });

  it('speaks protocol 3.2 with long cancel keys, and reports unknown options', async () => {
    await start();
    const client = await rig.in({ minor: 2 });
    expect(client.key?.secretKey).toHaveLength(32);
    const other = rig.open({ minor: 9_999, parameters: { '_pq_.news': 'x' } });
    expect(await other.until('Z I')).toEqual(['v', 'Z I']);
  });

  it('refuses GSSAPI encryption and goes on', async () => {
    await start();
    const socket = connect({ host: '127.0.0.1', port: rig.port });
    socket.write(gssencRequest());
    const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.destroy();
    expect(answer.toString()).toBe('N');
  });

  it.each([
    ['GSSENC', [gssencRequest(), gssencRequest()], 'N', '1234.5680'],
    ['TLS', [sslRequest(), gssencRequest(), sslRequest()], 'NN', '1234.5679'],
  ])(
    'treats a second request for %s as an unknown protocol, as PostgreSQL does',
    async (_what, sent, answered, version) => {
      await start();
      const socket = connect({ host: '127.0.0.1', port: rig.port });
      socket.write(Buffer.concat(sent));
      const heard: Buffer[] = [];
      socket.on('data', (answer: Buffer) => heard.push(answer));
      await new Promise((resolve) => socket.once('close', resolve));
      const told = Buffer.concat(heard).toString();
      expect(told.slice(0, answered.length + 1)).toBe(`${answered}E`);
      expect(told).toContain(`unsupported frontend protocol ${version}`);
    },
  );

  it('closes the connection without a message for bytes that are no startup packet, as PostgreSQL does', async () => {
    await start();
    const socket = connect({ host: '127.0.0.1', port: rig.port });
    socket.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    const heard: Buffer[] = [];
    socket.on('data', (answer: Buffer) => heard.push(answer));
    await new Promise((resolve) => socket.once('close', resolve));
    expect(heard).toEqual([]);
  });

  it('passes on the error when the upstream refuses the login', async () => {
    await start({ config: { databases: { app: { upstream: 'main', user: 'stranger' } } } });
    const words = await rig.open().until('closed');
    expect(words).toEqual(['FATAL 28P01 there is no password for the upstream that it takes']);
  });

  it('limits the number of clients', async () => {
    await start({ config: { clientsMax: 1 } });
    await rig.in();
    expect(await rig.open().until('closed')).toEqual(['FATAL 53300 sorry, too many clients already']);
  });
});

it('reads a startup packet that arrives byte by byte', async () => {
  await start();
  const socket = connect({ host: '127.0.0.1', port: rig.port, noDelay: true });
  const packet = startupMessage(0, [['user', 'app']]);
  for (const byte of packet) socket.write(Buffer.from([byte]));
  const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  socket.destroy();
  expect(answer.toString('latin1')).toContain('SCRAM-SHA-256');
});

describe('the parameters of a login', () => {
  const parameters = { work_mem: '5MB' };
  const asked = (): number => rig.postgres.backends.flatMap(({ heard }) => heard).length;

  /** One who has the only backend, one who waits for it to ask for all, and two who wait for what he hears. */
  const line = async (behindFirst: () => void = () => undefined) => {
    const busy = await rig.in();
    await busy.ask(query('begin'));
    const first = rig.open({ parameters });
    await rig.waiting(1);
    behindFirst();
    const others = [rig.open({ parameters }), rig.open({ parameters })];
    await holds(() => expect(rig.running.proxy.host.clients.size).toBe(4));
    return { busy, first, others };
  };

  it('are requested once for all clients that come together with the same settings', async () => {
    await start({ config: { pool: { size: 8 } } });
    const clients = await Promise.all(Array.from({ length: 8 }, () => rig.in({ parameters })));
    expect(rig.postgres.backends).toHaveLength(1);
    expect(asked()).toBe(1);
    for (const client of clients) expect(await client.ask(query('select 1'))).toContain('C SELECT 1');
  });

  it('are requested by the next client if the one that asks is disconnected', async () => {
    await start(oneBackend);
    const { busy, first, others } = await line();
    [...rig.running.proxy.host.clients].find((client) => client.isWaiting)?.end(terminatedByAdmin);
    expect((await first.until('closed')).join()).toContain('57P01');
    await rig.waiting(1);
    await busy.ask(query('commit'));
    for (const other of others) await other.until('Z I');
  });

  it('are requested by each client if the one that asks for all is refused', async () => {
    await start({ config: { pool: { size: 1, reserve: 0, waitTimeoutMs: 1_500 } }, timeStandsStill: true });
    const { busy, first, others } = await line(() => rig.after(1_000));
    rig.after(500);
    expect((await first.until('closed')).join()).toContain('FATAL 53300');
    await rig.waiting(2);
    await busy.ask(query('commit'));
    for (const other of others) await other.until('Z I');
  });
});

describe('transaction mode', () => {
  it('serves many clients with one backend, each for a transaction', async () => {
    await start(oneBackend);
    const [one, other] = [await rig.in(), await rig.in({ user: 'app' })];
    expect(await one.ask(query('begin'))).toEqual(['C BEGIN', 'Z T']);
    other.send(query('select 1'));
    await rig.waiting(1);
    expect(await one.ask(query('commit'))).toEqual(['C COMMIT', 'Z I']);
    expect(await other.until('Z')).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
    expect(rig.postgres.open).toHaveLength(1);
  });

  it('keeps what a client sends while it waits, however it is split into chunks', async () => {
    await start(oneBackend);
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

  it('answers in order what was sent ahead, and skips to Sync after an error', async () => {
    await start(oneBackend);
    const client = await rig.in();
    const words = await client.ask(prepare('a'), run('a'), prepare('b', 'fail'), run('a'), query('select 2'), sync());
    expect(words).toEqual(['1', '2', 'D 1', 'C SELECT 1', 'ERROR 42601 syntax error', 'Z I']);
    expect(await client.ask(run('a'), sync())).toEqual(['2', 'D 1', 'C SELECT 1', 'Z I']);
    expect(await client.ask(run('b'), sync())).toEqual(['ERROR 26000 prepared statement "b" does not exist', 'Z I']);
  });

  it('keeps a backend with a client until the Sync that ends its transaction', async () => {
    await start(oneBackend);
    const [one, other] = [await rig.in(), await rig.in()];
    one.send(prepare(''), run(''), flush());
    expect(await one.until('C SELECT 1')).toEqual(['1', '2', 'D 1', 'C SELECT 1']);
    other.send(query('select 1'));
    await rig.waiting(1);
    expect(await one.ask(run(''), sync())).toEqual(['2', 'D 1', 'C SELECT 1', 'Z I']);
    expect(await other.until('Z')).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
    expect(rig.postgres.open).toHaveLength(1);
  });

  it('keeps a backend with a client that has left something behind, until that is gone', async () => {
    await start({ config: { pool: { size: 2 } } });
    const client = await rig.in();
    await client.ask(query('listen x'));
    expect(rig.pinned).toBe(1);
    await client.ask(query('unlisten x'));
    expect(rig.pinned).toBe(0);
    await client.ask(query('begin; listen x'));
    await client.ask(query('rollback'));
    expect(rig.pinned).toBe(0);
    await client.ask(query('listen y'));
    client.send(terminate());
    await rig.heard('DISCARD ALL');
    await rig.atRest();
    expect(rig.postgres.open).toHaveLength(1);
  });

  it('takes the settings of a client to its next backend, without those that were rolled back', async () => {
    await start(oneBackend);
    const [one, other] = [await rig.in(), await rig.in()];
    await one.ask(query(`set work_mem to '1MB'`));
    await one.ask(query('begin'));
    await one.ask(query('set statement_timeout to 5'));
    await one.ask(query('rollback'));
    await other.ask(query('select 1'));
    await one.ask(query('select 1'));
    expect(rig.pinned).toBe(0);
    expect(rig.postgres.backends[0]!.heard.slice(-4)).toEqual([
      ...['RESET ALL', 'select 1', orEnd + set('work_mem', '1MB'), 'select 1'],
    ]);
  });

  it('restores nothing if nobody has set anything since', async () => {
    await start(oneBackend);
    const client = await rig.in();
    await client.ask(query(`set work_mem to '1MB'`));
    const texts = ['select 1', 'begin', 'select 2', 'commit', 'select 3'];
    for (const text of texts) await client.ask(query(text));
    expect(rig.postgres.backends[0]!.heard.slice(-6)).toEqual([
      `RESET ALL;${orEnd}${set('work_mem', '1MB')}`,
      ...texts,
    ]);
    for (const text of ['begin', `set work_mem to '2MB'`, 'rollback', 'select 4']) await client.ask(query(text));
    expect(rig.postgres.backends[0]!.heard.at(-2)).toBe(`RESET ALL;${orEnd}${set('work_mem', '1MB')}`);
  });

  it('does not send settings again after statements that cannot change them', async () => {
    await start(oneBackend);
    const client = await rig.in();
    for (const text of [`set work_mem to '1MB'`, 'select 1']) await client.ask(query(text));
    const heard = rig.postgres.backends[0]!.heard;
    const before = heard.length;
    const locks = ['select pg_advisory_lock(1)', 'select pg_advisory_unlock(1)'];
    const texts = [
      ...locks,
      'listen a',
      'unlisten a',
      'prepare p as select 1',
      'deallocate p',
      'drop table t',
      'select 2',
    ];
    for (const text of texts) await client.ask(query(text));
    expect(heard.slice(before)).toEqual(texts);
  });

  it('has names looked up again after the first temporary table', async () => {
    await start(oneBackend);
    const client = await rig.in();
    const heard = rig.postgres.backends[0]!.heard;
    const before = heard.length;
    const create = ['create temp table t (a int)', 'create temp table u (a int)'] as const;
    for (const text of [...create, 'select 1']) await client.ask(query(text));
    expect(heard.slice(before)).toEqual([create[0], 'parse DISCARD PLANS', create[1], 'select 1']);
  });

  it('waits for the reset of a timeout that is short enough to end it', async () => {
    await start(oneBackend);
    const [one, other] = [await rig.in(), await rig.in()];
    await one.ask(query('set statement_timeout to 5'));
    await other.ask(query('select 1'));
    expect(rig.postgres.backends[0]!.heard.slice(-2)).toEqual(['DISCARD ALL', 'select 1']);
  });

  it('restores the value that the server reported for a setting', async () => {
    await start(oneBackend);
    const [one, other] = [await rig.in(), await rig.in()];
    await one.ask(query('set datestyle to dmy'));
    await other.ask(query('select 1'));
    await one.ask(query('select 2'));
    expect(rig.postgres.backends[0]!.heard.at(-2)).toBe(orEnd + set('datestyle', 'ISO, DMY'));
  });

  it.each([
    [true, 1],
    [false, 0],
  ])('pins a client after nextval where configured: %s', async (pinSequences, count) => {
    await start({ config: { pool: { size: 2, pinSequences } } });
    await (await rig.in()).ask(query(`select nextval('s')`));
    expect(rig.pinned).toBe(count);
  });

  it('gives the backend back at DISCARD ALL', async () => {
    await start(oneBackend);
    const client = await rig.in();
    await client.ask(query('listen x'));
    await client.ask(query('DISCARD ALL'));
    await rig.atRest();
    expect(rig.pinned).toBe(0);
  });

  it('takes the settings of a startup packet to any backend', async () => {
    await start(oneBackend);
    const one = await rig.in({ parameters: { application_name: 'one' } });
    const other = await rig.in({ parameters: { application_name: 'other', options: '-c work_mem=5MB' } });
    await one.ask(query('select 1'));
    await other.ask(query('select 1'));
    await one.ask(query('select 1'));
    expect(rig.postgres.backends[0]!.heard.filter((text) => text !== 'select 1')).toEqual([
      set('application_name', 'one'),
      `${set('work_mem', '5MB')};${set('application_name', 'other')}`,
      `${orEnd}RESET "work_mem";${set('application_name', 'one')}`,
      `${orEnd}${set('work_mem', '5MB')};${set('application_name', 'other')}`,
      `${orEnd}RESET "work_mem";${set('application_name', 'one')}`,
    ]);
  });

  it('answers a Sync, a Flush and a Close that need no backend', async () => {
    await start(oneBackend);
    const [busy, client] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    expect(await client.ask(flush(), close({ kind: 'portal', name: '' }), sync())).toEqual(['3', 'Z I']);
  });

  it('tells a client that has waited too long, and keeps it', async () => {
    await start({ config: { pool: { size: 1, reserve: 0, waitTimeoutMs: 1_500 } } });
    const [busy, client] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    const refused = 'ERROR 53300 timed out waiting for a connection to the database';
    expect(await client.ask(query('select 1'))).toEqual([refused, 'Z I']);
    expect(await client.ask(prepare('s'), run('s'), sync())).toEqual([refused, 'Z I']);
    await busy.ask(query('commit'));
    expect((await client.ask(query('select 1'))).at(-1)).toBe('Z I');
  });
});

describe('session mode', () => {
  it('keeps a backend for a client until it leaves, and keeps names as they are', async () => {
    await start({ config: { pool: { mode: 'session', size: 2 } } });
    const client = await rig.in();
    await client.ask(prepare('mine'), sync());
    await client.ask(query('set work_mem to 1'));
    expect([...rig.postgres.backends[0]!.prepared.keys()]).toEqual(['mine']);
    client.send(terminate());
    await rig.heard('DISCARD ALL');
    await rig.atRest();
    expect(rig.postgres.backends[0]!.prepared.size).toBe(0);
  });

  it.each(['before', 'behind'] as const)(
    'parts with a backend where a timeout of its client strikes %s DISCARD ALL',
    async (when) => {
      await start({ config: { pool: { mode: 'session', size: 1 } } });
      rig.postgres.discardEnds = when;
      const [first, other] = [await rig.in(), await rig.in()];
      await first.ask(prepare('mine'), sync());
      first.send(terminate());
      await other.ask(query('select 1'));
      expect(rig.postgres.open.map(({ id, prepared }) => [id, [...prepared.keys()]])).toEqual([[2, []]]);
    },
  );

  it('gives a client its backend at login, with its process id, and makes others wait at their first statement', async () => {
    await start({ config: { pool: { mode: 'session', size: 1 } } });
    const [first, other] = [await rig.in(), await rig.in()];
    const [backend] = rig.postgres.backends;
    expect(first.key?.processId).toBe(backend!.id);
    expect(other.key?.processId).toBeGreaterThan(2 ** 22);
    first.send(query('hang'));
    await rig.heard('hang');
    rig.cancel(first.key);
    expect(await first.until('Z')).toEqual(['ERROR 57014 canceling statement due to user request', 'Z I']);
    first.send(terminate());
    expect(await other.ask(query('select 1'))).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
  });
});

describe('statement mode', () => {
  const statement = { config: { pool: { size: 1, mode: 'statement', waitTimeoutMs: 60_000 } } };

  it('gives the backend to the next client after each statement, and disconnects clients that begin a transaction', async () => {
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
