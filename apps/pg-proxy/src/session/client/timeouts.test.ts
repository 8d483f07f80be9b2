import { afterEach, describe, expect, it } from '@jest/globals';
import { bind, execute, flush, parse, query, sync } from '@medrex/pg-wire';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProxyRig } from '../../testing/proxy-rig.ts';
import type { WireClient } from '../../testing/wire-client.ts';

let rig: ProxyRig;
afterEach(() => rig.close());

const start = async (pool: object, more: object = {}, timeStandsStill = false): Promise<void> => {
  rig = await ProxyRig.start({ config: { pool: { size: 2, reserve: 0, ...pool }, ...more }, timeStandsStill });
};
const timedOut = ['ERROR 57014 canceling statement due to query timeout', 'Z I'];
const hang = query('hang');

describe('a query timeout', () => {
  it('cancels the statement, gives the reason, and keeps the client', async () => {
    await start({ queryTimeoutMs: 50 });
    const client = await rig.in();
    expect(await client.ask(hang)).toEqual(timedOut);
    expect((await client.ask(query('select 1'))).at(-1)).toBe('Z I');
    expect(rig.postgres.backends.flatMap(({ cancelled }) => cancelled)).toEqual(['hang']);
  });

  it.each([
    ['the database', { databases: { app: { upstream: 'main', queryTimeoutMs: 50 } } }, {}],
    ['the user', { users: { app: { queryTimeoutMs: 50 } } }, {}],
    ['the application', { applications: { 'rep*': { queryTimeoutMs: 50 } } }, { application_name: 'report' }],
    ['the session, by its startup packet', {}, { options: '-c pgproxy.query_timeout=50ms' }],
  ])('may be set for %s', async (_scope, config, parameters) => {
    await start({ queryTimeoutMs: 60_000 }, config);
    const client = await rig.in({ parameters });
    expect(await client.ask(hang)).toEqual(timedOut);
  });

  it('may be set and reset in the session, and follows it from backend to backend', async () => {
    await start({});
    const [client, other] = [await rig.in(), await rig.in()];
    await client.ask(query("set pgproxy.query_timeout = '50ms'"));
    await other.ask(query('begin'));
    expect(await client.ask(hang)).toEqual(timedOut);
    expect([...rig.running.proxy.host.clients].map(({ scoped }) => scoped.queryTimeoutMs)).toEqual([50, 0]);
    await client.ask(query('reset pgproxy.query_timeout'));
    expect([...rig.running.proxy.host.clients].map(({ scoped }) => scoped.queryTimeoutMs)).toEqual([0, 0]);
  });

  it('may be set in session mode, too', async () => {
    await start({ mode: 'session' });
    const client = await rig.in();
    await client.ask(query("set pgproxy.query_timeout = '50ms'"));
    expect(await client.ask(hang)).toEqual(timedOut);
  });

  it('may be set for one statement', async () => {
    await start({ queryTimeoutMs: 60_000 });
    const client = await rig.in();
    expect(await client.ask(query('hang /* pgproxy.query_timeout=50ms */'))).toEqual(timedOut);
  });

  it('changes at RELOAD for existing clients', async () => {
    await start({});
    const client = await rig.in();
    const file = join(rig.folder, 'config.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as { pool: object };
    writeFileSync(file, JSON.stringify({ ...config, pool: { ...config.pool, queryTimeoutMs: 50 } }));
    rig.running.reload();
    expect(await client.ask(hang)).toEqual(timedOut);
  });
});

describe('an invalid setting', () => {
  it('is reported at once, at login and in the session', async () => {
    await start({});
    const parameters = { options: '-c pgproxy.size=9' };
    expect((await rig.open({ parameters }).until('closed'))[0]).toMatch(
      /^FATAL 22023 there is no setting "pgproxy.size"/,
    );
    for (const mode of ['transaction', 'session']) {
      await rig.close();
      await start({ mode });
      const client = await rig.in();
      expect(await client.ask(query("set pgproxy.query_timeout = 'soon'"))).toEqual([
        ...['ERROR 22023 invalid value for "pgproxy.query_timeout"', 'Z I'],
      ]);
      expect((await client.ask(query("set pgproxy.query_timeout = '5s'"))).at(-1)).toBe('Z I');
    }
  });

  it.each(['transaction', 'session'])(
    'is reported in the extended protocol, too, in its turn (%s mode)',
    async (mode) => {
      await start({ mode });
      const client = await rig.in();
      const said = 'ERROR 22023 invalid value for "pgproxy.query_timeout"';
      const series = (statement: string, ...parameters: string[]): Buffer[] => [
        bind({
          portal: '',
          statement,
          parameterFormats: [],
          resultFormats: [],
          parameters: parameters.map((each) => Buffer.from(each)),
        }),
        execute({ portal: '', rowsMax: 0 }),
      ];
      const prepared = (name: string, text: string): Buffer => parse({ name, text, parameterTypes: [] });
      const wrong = prepared('', "set pgproxy.query_timeout = 'soon'");
      const behind = prepared('', 'select 1');
      expect(await client.ask(wrong, ...series(''), behind, ...series(''), sync())).toEqual(['1', '2', said, 'Z I']);
      const ofParameters = prepared('set', "select set_config('pgproxy.query_timeout', $1, false)");
      expect((await client.ask(ofParameters, ...series('set', '5s'), sync())).at(-2)).toBe('C SELECT 1');
      expect(await client.ask(...series('set', 'soon'), sync())).toEqual(['2', said, 'Z I']);
      expect([...rig.running.proxy.host.clients].map(({ scoped }) => scoped.queryTimeoutMs)).toEqual([5_000]);
      // A transaction that it stands in fails with it, as PostgreSQL has it.
      await client.ask(query('begin'));
      expect(await client.ask(query("set pgproxy.query_timeout = 'soon'"))).toEqual([said, 'Z E']);
    },
  );
});

describe('a transaction', () => {
  it.each([
    [
      'in which nothing happens',
      { transactionIdleTimeoutMs: 50 },
      '25P03 terminating connection due to idle-in-transaction timeout',
    ],
    ['that lasts too long', { transactionTimeoutMs: 50 }, '25P04 terminating connection due to transaction timeout'],
  ])('%s ends with its client, and its backend is rolled back', async (_what, pool, fault) => {
    await start({ size: 1, ...pool });
    const client = await rig.in();
    await client.ask(query('begin'));
    expect(await client.until('closed')).toEqual([`FATAL ${fault}`]);
    const next = await rig.in();
    await next.ask(query('select 1'));
    expect(rig.postgres.backends[0]?.heard).toContain('ROLLBACK');
  });

  it('that nothing but a missing Sync keeps open ends, too', async () => {
    await start({ size: 1, transactionIdleTimeoutMs: 50 });
    const client = await rig.in();
    const bound = { portal: '', statement: '', parameterFormats: [], parameters: [], resultFormats: [] };
    client.send(parse({ name: '', text: 'select 1', parameterTypes: [] }), bind(bound));
    client.send(execute({ portal: '', rowsMax: 0 }), flush());
    expect((await client.until('closed')).at(-1)).toMatch(/^FATAL 25P03/);
  });

  it('with a running statement is not idle', async () => {
    await start({ transactionIdleTimeoutMs: 1_200 }, {}, true);
    const client = await rig.in();
    await client.ask(query('begin'));
    for (let turn = 0; turn < 3; turn += 1) {
      rig.after(1_000);
      expect((await client.ask(query('select 1'))).at(-1)).toBe('Z T');
    }
    rig.after(0);
    rig.after(1_200);
    expect(await client.until('closed')).toEqual([expect.stringMatching(/^FATAL 25P03/)]);
  });
});

describe('an idle client', () => {
  it.each(['transaction', 'session'])('is disconnected after its time in %s mode', async (mode) => {
    await start({ mode, clientIdleTimeoutMs: 50 });
    const client = await rig.in();
    expect(await client.until('closed')).toEqual(['FATAL 57P05 terminating connection due to idle-session timeout']);
  });

  it('is disconnected after the time set in its session, as by a server', async () => {
    await start({});
    const [client, other] = [await rig.in(), await rig.in()];
    await client.ask(query("set idle_session_timeout = '50ms'"));
    expect(await client.until('closed')).toEqual(['FATAL 57P05 terminating connection due to idle-session timeout']);
    expect((await other.ask(query('select 1'))).at(-1)).toBe('Z I');
  });

  it('is not disconnected while it waits for an answer', async () => {
    await start({ clientIdleTimeoutMs: 1_000, queryTimeoutMs: 2_500 }, {}, true);
    const client = await rig.in();
    client.send(hang);
    await rig.heard('hang');
    for (const ms of [0, 1_500, 1_000]) rig.after(ms);
    expect(await client.until('Z')).toEqual(timedOut);
  });
});

describe('a wait', () => {
  it('is as long as the statement, the session or the pool says', async () => {
    await start({ size: 1, waitTimeoutMs: 60_000 }, {}, true);
    const waits = async (who: WireClient, ...messages: Buffer[]): Promise<string[]> => {
      who.send(...messages);
      await rig.waiting(1);
      rig.after(100);
      return who.until('Z');
    };
    const holder = await rig.in();
    const parameters = { options: '-c pgproxy.wait_timeout=100ms' };
    const [client, patient] = [await rig.in({ parameters }), await rig.in()];
    await holder.ask(query('begin'));
    const refused = ['ERROR 53300 timed out waiting for a connection to the database', 'Z I'];
    expect(await waits(client, query('select 1'))).toEqual(refused);
    expect(await waits(patient, query('/* pgproxy.wait_timeout=100ms */ select 1'))).toEqual(refused);
    const text = '/* pgproxy.wait_timeout=100ms */ select 1';
    patient.send(parse({ name: '', text, parameterTypes: [] }));
    patient.send(bind({ portal: '', statement: '', parameterFormats: [], parameters: [], resultFormats: [] }));
    expect(await waits(patient, execute({ portal: '', rowsMax: 0 }), sync())).toEqual(refused);
    patient.send(query('select 1'));
    await rig.waiting(1);
    rig.after(300);
    await holder.ask(query('commit'));
    expect((await patient.until('Z')).at(-1)).toBe('Z I');
  });
});

describe('the statement_timeout of the server', () => {
  it('is set for clients that do not set their own', async () => {
    await start({ statementTimeoutMs: 9_000 });
    await (await rig.in()).ask(query('select 1'));
    await (await rig.in({ parameters: { statement_timeout: '1s' } })).ask(query('select 1'));
    const set = rig.postgres.backends
      .flatMap(({ heard }) => heard)
      .filter((text) => text.includes('statement_timeout'));
    expect(set.join()).toMatch(/'9000'.*'1s'/s);
  });
});
