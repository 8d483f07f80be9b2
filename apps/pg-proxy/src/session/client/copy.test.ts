import { afterEach, describe, expect, it } from '@jest/globals';
import { copyData, copyDone, copyFail, query } from '@medrex/pg-wire';
import { oneBackend } from '../../testing/asked.ts';
import { holds, ProxyRig, type RigOptions } from '../../testing/proxy-rig.ts';

let rig: ProxyRig;

afterEach(async () => {
  await rig.close();
});

const start = async (options?: RigOptions): Promise<ProxyRig> => (rig = await ProxyRig.start(options));

describe('COPY', () => {
  it('takes data in, and is aborted by the client', async () => {
    await start(oneBackend);
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

  it('takes data that a client sends without waiting for the server', async () => {
    await start(oneBackend);
    const client = await rig.in();
    const data = [copyData(Buffer.from('a\n')), copyDone()];
    expect(await client.ask(query('copy in'), ...data)).toEqual(['G', 'C COPY 1', 'Z I']);
    client.send(query('copy in'), copyFail('no'), query('fail'), ...data, query('select 1'));
    const failed = ['G', 'ERROR 57014 COPY from stdin failed', 'Z I', 'ERROR 42601 syntax error', 'Z I'];
    expect(await client.until('C')).toEqual([...failed, 'T', 'D 1', 'C SELECT 1']);
    const other = await rig.in();
    expect((await other.ask(query('select 1'))).at(-1)).toBe('Z I');
  });

  it('returns the backend to the pool when data is still on its way at its end', async () => {
    await start(oneBackend);
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
    await start(oneBackend);
    const client = await rig.in();
    client.send(query('copy later'));
    await rig.heard('copy later');
    client.close();
    await holds(() => expect(rig.running.proxy.host.pools.totals(0).resetting).toBe(1));
    rig.postgres.backends[0]!.beginCopy();
    await rig.atRest();
  });

  it('ends for a client that vanishes halfway', async () => {
    await start(oneBackend);
    const client = await rig.in();
    client.send(query('copy in'));
    await client.until('G');
    client.close();
    await rig.atRest();
    const other = await rig.in();
    expect(await other.ask(query('select 1'))).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
  });
});
