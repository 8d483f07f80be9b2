import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { query } from '@medrex/pg-wire';
import { ProxyRig } from '../testing/proxy-rig.ts';
import type { WireClient } from '../testing/wire-client.ts';

const ini = `[pgbouncer]
listen_addr = 127.0.0.1
unix_socket_dir =
admin_users = app
stats_users = other
auth_type = scram-sha-256
default_pool_size = 7
`;

let rig: ProxyRig;
beforeEach(async () => {
  rig = await ProxyRig.start({ files: { 'pgbouncer.ini': ini }, pgbouncerIni: 'pgbouncer.ini' });
});
afterEach(() => rig.close());

const atConsole = (user: string): Promise<WireClient> => rig.in({ user, database: 'pgbouncer' });

describe('SET at the console of a proxy with a pgbouncer.ini', () => {
  it('lasts, together with earlier ones, until RELOAD', async () => {
    const console = await atConsole('app');
    const shown = async (): Promise<unknown> =>
      (await console.ask(query('show config'))).filter((row) => /^D (?:default_pool_size|query_timeout),/.test(row));
    expect(await console.ask(query("SET default_pool_size = '9'"))).toEqual(['C SET', 'Z I']);
    expect(await console.ask(query('set query_timeout to 2.5;'))).toEqual(['C SET', 'Z I']);
    expect(await shown()).toEqual(['D default_pool_size,9,20,yes', 'D query_timeout,2.5,0,yes']);
    await console.ask(query('RELOAD'));
    expect(await shown()).toEqual(['D default_pool_size,7,20,yes', 'D query_timeout,0,0,yes']);
  });

  it('changes nothing and is not kept if the value is invalid', async () => {
    const console = await atConsole('app');
    const [told] = await console.ask(query('SET default_pool_size = many'));
    expect(told).toMatch(/ERROR F0000 .*pgbouncer.ini:\n✖ SET: default_pool_size: "many" is not a valid value$/);
    expect(await console.ask(query('SET default_pool_size = 8'))).toEqual(['C SET', 'Z I']);
  });

  it('accepts values that are not valid SQL', async () => {
    const console = await atConsole('app');
    expect(await console.ask(query('SET verbose = 3'))).toEqual(['C SET', 'Z I']);
  });

  it('is refused to users who may only look, except for settings of their session', async () => {
    const console = await atConsole('other');
    expect((await console.ask(query('SET default_pool_size = 9')))[0]).toBe(
      'ERROR 42501 this user may use SHOW, but not SET',
    );
    expect(await console.ask(query("SET application_name = 'x'"))).toEqual(['C SET', 'Z I']);
  });
});
