import { afterEach, describe, expect, it } from '@jest/globals';
import { close, errorResponse, flush, query, sync, terminate } from '@medrex/pg-wire';
import { oneBackend, prepare, run } from '../../testing/asked.ts';
import { holds, ProxyRig, type RigOptions } from '../../testing/proxy-rig.ts';

let rig: ProxyRig;

afterEach(async () => {
  await rig.close();
});

const start = async (options?: RigOptions): Promise<ProxyRig> => (rig = await ProxyRig.start(options));

describe('a cancel request', () => {
  it('reaches the statement of its client and no other', async () => {
    await start({ config: { pool: { size: 2 } } });
    const [one, other] = [await rig.in(), await rig.in()];
    one.send(query('hang'));
    other.send(query('hang'));
    await holds(() => expect(rig.postgres.open).toHaveLength(2));
    await holds(() => expect(rig.postgres.backends.map(({ heard: texts }) => texts)).toEqual([['hang'], ['hang']]));
    rig.cancel(one.key);
    expect(await one.until('Z')).toEqual(['ERROR 57014 canceling statement due to user request', 'Z I']);
    rig.cancel(other.key, 1);
    rig.cancel(one.key);
    expect((await one.ask(query('select 1'))).at(-1)).toBe('Z I');
    rig.cancel(other.key);
    expect(await other.until('Z')).toEqual(['ERROR 57014 canceling statement due to user request', 'Z I']);
  });

  it('that is on its way when its client leaves reaches nobody else', async () => {
    await start(oneBackend);
    const [one, other] = [await rig.in(), await rig.in()];
    rig.postgres.heldCancels = [];
    one.send(query('hang'));
    await rig.heard('hang');
    rig.cancel(one.key);
    await holds(() => expect(rig.postgres.heldCancels).toHaveLength(1));
    const [backend] = rig.postgres.backends;
    backend!.cancel();
    await one.until('Z');
    one.send(terminate());
    other.send(query('hang'));
    await rig.waiting(1);
    for (const letGo of rig.postgres.heldCancels.splice(0)) letGo();
    await holds(() => expect(backend!.heard.at(-1)).toBe('hang'));
    expect(backend!.cancelled).toHaveLength(1);
    rig.postgres.heldCancels = undefined;
    rig.cancel(other.key);
    expect(await other.until('Z')).toEqual(['ERROR 57014 canceling statement due to user request', 'Z I']);
  });

  it.each([
    ['outside of a transaction', [], 'Z I'],
    ['in one', [query('begin')], 'Z E'],
  ] as const)('that comes too late does not reach what the client asks next, %s', async (_where, before, status) => {
    await start(oneBackend);
    const client = await rig.in();
    for (const message of before) await client.ask(message);
    rig.postgres.heldCancels = [];
    client.send(query('hang'));
    await rig.heard('hang');
    rig.cancel(client.key);
    await holds(() => expect(rig.postgres.heldCancels).toHaveLength(1));
    const [backend] = rig.postgres.backends;
    backend!.cancel();
    expect((await client.until('Z')).at(-1)).toBe(status);
    const received = (): number => rig.running.proxy.host.trafficOf('app').received;
    const soFar = received();
    client.send(query('rollback'), query('hang'));
    await holds(() => expect(received()).toBeGreaterThan(soFar));
    // Long enough for a server that is here.
    await new Promise((wait) => setTimeout(wait, 50));
    expect(backend!.heard).not.toContain('rollback');
    for (const letGo of rig.postgres.heldCancels.splice(0)) letGo();
    await client.until('Z I');
    await holds(() => expect(backend!.heard.slice(-2)).toEqual(['rollback', 'hang']));
    expect(backend!.cancelled).toHaveLength(1);
    rig.postgres.heldCancels = undefined;
    rig.cancel(client.key);
    expect(await client.until('Z')).toEqual(['ERROR 57014 canceling statement due to user request', 'Z I']);
  });

  it('is repeated for a client disconnected by KILL if the server got it before the statement', async () => {
    await start(oneBackend);
    const client = await rig.in();
    // It is never heard.
    rig.postgres.heldCancels = [];
    client.send(query('hang'));
    await rig.heard('hang');
    const { host } = rig.running.proxy;
    host.pools.kill({}, host.now());
    // On a busy machine it is sent again before that is seen.
    await holds(() => expect(rig.postgres.heldCancels).not.toHaveLength(0));
    rig.postgres.heldCancels = undefined;
    const [backend] = rig.postgres.backends;
    await holds(() => expect(backend!.cancelled).toEqual(['hang']));
    await holds(() => expect(rig.postgres.open).toHaveLength(0));
  });

  it('is repeated for a client that is gone if the server got it before the statement', async () => {
    await start(oneBackend);
    const [client, other] = [await rig.in(), await rig.in()];
    rig.postgres.earlyCancels = 2;
    client.send(query('hang'));
    await rig.heard('hang');
    client.socket.destroy();
    expect((await other.ask(query('select 1'))).at(-1)).toBe('Z I');
    expect(rig.postgres.backends).toHaveLength(1);
    expect(rig.postgres.backends[0]!.cancelled).toEqual(['hang']);
  });

  it('that is repeated and comes too late reaches nobody else', async () => {
    await start(oneBackend);
    const [client, other] = [await rig.in(), await rig.in()];
    rig.postgres.earlyCancels = 1;
    client.send(query('hang'));
    await rig.heard('hang');
    client.socket.destroy();
    await holds(() => expect(rig.postgres.earlyCancels).toBe(0));
    rig.postgres.heldCancels = [];
    await holds(() => expect(rig.postgres.heldCancels).toHaveLength(1));
    const [backend] = rig.postgres.backends;
    const said = (): number => rig.running.proxy.host.trafficOf('app').sent;
    const soFar = said();
    backend!.cancel();
    await holds(() => expect(said()).toBeGreaterThan(soFar));
    other.send(query('hang'));
    await rig.waiting(1);
    for (const letGo of rig.postgres.heldCancels.splice(0)) letGo();
    await holds(() => expect(backend!.heard.filter((text) => text === 'hang')).toHaveLength(2));
    expect(backend!.cancelled).toEqual(['hang']);
    rig.postgres.heldCancels = undefined;
    rig.cancel(other.key);
    expect(await other.until('Z')).toEqual(['ERROR 57014 canceling statement due to user request', 'Z I']);
  });

  it('ends a wait', async () => {
    await start(oneBackend);
    const [busy, client] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    client.send(query('select 1'));
    await rig.waiting(1);
    rig.cancel(client.key);
    expect(await client.until('Z')).toEqual(['ERROR 57014 canceling statement due to user request', 'Z I']);
    await busy.ask(query('commit'));
    expect((await client.ask(query('select 1'))).at(-1)).toBe('Z I');
  });
});

describe('a client that says goodbye', () => {
  it('gets the answers to what it asked before, in a pipeline, too', async () => {
    await start(oneBackend);
    const [one, other] = [await rig.in(), await rig.in()];
    one.send(query('select 1'), prepare(''), run(''), sync(), query('begin'), terminate(), query('select 1'));
    expect(await one.until('closed')).toEqual([
      'T',
      'D 1',
      'C SELECT 1',
      'Z I',
      '1',
      '2',
      'D 1',
      'C SELECT 1',
      'Z I',
      'C BEGIN',
      'Z T',
    ]);
    await rig.heard('ROLLBACK');
    expect((await other.ask(query('select 1'))).at(-1)).toBe('Z I');
    expect(rig.postgres.open).toHaveLength(1);
  });

  it('gets answers given by the proxy together with that, too', async () => {
    await start();
    const client = await rig.in();
    client.send(close({ kind: 'statement', name: 'none' }), sync(), terminate());
    expect(await client.until('closed')).toEqual(['3', 'Z I']);
  });

  it('has its requests run though it is gone by then and had no backend yet', async () => {
    await start(oneBackend);
    const [busy, client] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    client.send(query('set a.b = 1'), query('select 1'), terminate());
    await rig.waiting(1);
    client.close();
    // Long enough to be noticed.
    await new Promise((wait) => setTimeout(wait, 50));
    await rig.waiting(1);
    await busy.ask(query('commit'));
    await rig.heard('set a.b = 1');
    await rig.heard('select 1');
    await rig.waiting(0);
    await rig.atRest();
    expect((await busy.ask(query('select 1'))).at(-1)).toBe('Z I');
  });

  it('and is gone does not keep the server producing rows', async () => {
    await start(oneBackend);
    const client = await rig.in();
    client.send(query('pour'), terminate());
    await rig.heard('pour');
    client.close();
    await holds(() => expect(rig.postgres.backends[0]!.cancelled).toEqual(['pour']));
    await rig.atRest();
    expect((await (await rig.in()).ask(query('select 1'))).at(-1)).toBe('Z I');
    expect(rig.postgres.open).toHaveLength(1);
  });

  it('commits nothing that it has not asked to be committed', async () => {
    await start(oneBackend);
    const client = await rig.in();
    client.send(query('select 1'), prepare(''), run(''), terminate());
    expect(await client.until('closed')).toContain('Z I');
    // Only the end of its connection takes back what the server has done of it.
    await holds(() => expect(rig.postgres.open).toHaveLength(0));
  });

  it('is still told when it has run too long', async () => {
    await start({ config: { pool: { size: 1, queryTimeoutMs: 100 } } });
    const client = await rig.in();
    client.send(query('hang'), terminate());
    expect((await client.until('closed')).join()).toContain('57014');
    await rig.atRest();
  });
});

describe('a client that closes only the sending half of its connection', () => {
  it('gets the answers to what it asked, in a pipeline, too, and leaves', async () => {
    await start(oneBackend);
    const [one, other] = [await rig.in(), await rig.in()];
    one.send(query('select 1'), prepare(''), run(''), sync(), query('begin'));
    one.socket.end();
    const answers = ['T', 'D 1', 'C SELECT 1', 'Z I', '1', '2', 'D 1', 'C SELECT 1', 'Z I', 'C BEGIN', 'Z T'];
    expect(await one.until('closed')).toEqual(answers);
    await rig.heard('ROLLBACK');
    expect((await other.ask(query('select 1'))).at(-1)).toBe('Z I');
    expect(rig.postgres.open).toHaveLength(1);
  });

  it('gets them though it had no backend yet', async () => {
    await start(oneBackend);
    const [busy, client] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    client.send(query('select 1'), query('select 1'));
    client.socket.end();
    await rig.waiting(1);
    // Long enough to be asked whether he is there.
    await new Promise((wait) => setTimeout(wait, 200));
    await busy.ask(query('commit'));
    expect(await client.until('closed')).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I', 'T', 'D 1', 'C SELECT 1', 'Z I']);
  });

  it('has no incomplete message run, nor anything committed that it has not asked to be', async () => {
    await start(oneBackend);
    const client = await rig.in();
    client.send(prepare(''), run(''), query('select 2').subarray(0, 8));
    client.socket.end();
    await client.until('closed');
    await holds(() => expect(rig.postgres.open).toHaveLength(0));
  });
});

describe('a client that vanishes', () => {
  it('leaves no transaction behind', async () => {
    await start(oneBackend);
    const client = await rig.in();
    await client.ask(query('begin'));
    client.close();
    await rig.heard('ROLLBACK');
    await rig.atRest();
    expect(rig.postgres.open).toHaveLength(1);
  });

  it('commits nothing that it has flushed without a Sync', async () => {
    await start(oneBackend);
    const client = await rig.in();
    client.send(prepare(''), run(''), flush());
    await client.until('C SELECT 1');
    client.close();
    // Only the end of its connection takes back what the server has done of it.
    await holds(() => expect(rig.postgres.open).toHaveLength(0));
    expect(await (await rig.in()).ask(query('select 1'))).toEqual(['T', 'D 2', 'C SELECT 1', 'Z I']);
  });

  it('has its query cancelled', async () => {
    await start(oneBackend);
    const client = await rig.in();
    client.send(query('hang'));
    await rig.heard('hang');
    client.close();
    await rig.atRest();
    const other = await rig.in();
    expect(await other.ask(query('select 1'))).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
    expect(rig.postgres.open).toHaveLength(1);
  });

  it('takes its backend with it if a message was incomplete', async () => {
    await start(oneBackend);
    const client = await rig.in();
    const long = query(`select '${'x'.repeat(400_000)}'`);
    client.send(long.subarray(0, 200_000));
    await holds(() => expect(rig.running.proxy.host.pools.totals(0).active).toBe(1));
    client.close();
    await rig.atRest();
    expect((await (await rig.in()).ask(query('select 1'))).at(-1)).toBe('Z I');
  });

  it('no longer waits in the queue', async () => {
    await start(oneBackend);
    const [busy, client] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    client.send(query('select 1'));
    await rig.waiting(1);
    client.close();
    await rig.waiting(0);
  });

  it('is told what its server said', async () => {
    await start(oneBackend);
    const client = await rig.in();
    client.send(query('die'));
    expect(await client.until('closed')).toEqual(['FATAL 57P01 terminating connection']);
    const other = await rig.in();
    other.send(query('vanish'));
    expect(await other.until('closed')).toEqual(['FATAL 08006 server closed the connection unexpectedly']);
    expect(await (await rig.in()).ask(query('select 1'))).toEqual(['T', 'D 3', 'C SELECT 1', 'Z I']);
  });

  it('does not notice that an idle backend was closed', async () => {
    await start(oneBackend);
    const client = await rig.in();
    await client.ask(query('select 1'));
    rig.postgres.backends[0]!.socket.destroy();
    await holds(() => expect(rig.running.proxy.host.pools.totals(0).idle).toBe(0));
    expect(await client.ask(query('select 1'))).toEqual(['T', 'D 2', 'C SELECT 1', 'Z I']);
  });

  it('never gets a backend that is about to close', async () => {
    await start(oneBackend);
    const client = await rig.in();
    await client.ask(query('select 1'));
    await rig.atRest();
    const [backend] = rig.postgres.backends;
    backend!.socket.write(errorResponse({ severity: 'FATAL', sqlstate: '57P01', message: 'terminating connection' }));
    await holds(() => expect(rig.running.proxy.host.pools.totals(0).idle).toBe(0));
    expect(await client.ask(query('select 1'))).toEqual(['T', 'D 2', 'C SELECT 1', 'Z I']);
  });

  it('is disconnected for bytes that are no message', async () => {
    await start(oneBackend);
    const client = await rig.in();
    client.send(Buffer.from('zzzzzzzzz'));
    expect(await client.until('closed')).toEqual(['FATAL 08P01 invalid frontend message type 122']);
  });
});
