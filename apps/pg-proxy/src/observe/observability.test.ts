import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { bind, execute, parse, query, sync } from '@medrex/pg-wire';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProxyRig } from '../testing/proxy-rig.ts';

let rig: ProxyRig;
afterEach(async () => {
  await rig.close();
});

const start = (config: Readonly<Record<string, unknown>> = {}): Promise<ProxyRig> =>
  ProxyRig.start({ config: { admin: { users: ['app'] }, ...config } });

async function rowsOf(text: string): Promise<string[]> {
  const console = await rig.in({ database: 'medrex' });
  const words = await console.ask(query(text));
  return words.filter((word) => /^(?:D|ERROR)/.test(word));
}

const traceparent = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';

describe('what is remembered about statements', () => {
  it('counts calls, rows, errors and times of each statement, without literals', async () => {
    rig = await start();
    const client = await rig.in();
    await client.ask(query("select name from patients where name = 'Miller'"));
    await client.ask(query("select name  from patients where name = 'Smith'"));
    await client.ask(query('fail'));
    const shown = await rowsOf('select calls, rows, errors, class, query from medrex.queries order by calls desc');
    expect(shown).toEqual(['D 2,2,0,interactive,select name from patients where name = $1', 'D 1,0,1,interactive,...']);
    expect((await rowsOf('show queries')).join()).not.toMatch(/Miller|Smith/);
    const profile = await rowsOf("select bottleneck, load_percent > 0 from medrex.profile where query like 'select%'");
    expect(profile).toEqual([expect.stringMatching(/^D (?:backend|network|client),t$/)]);
  });

  it('counts a prepared statement once for each Execute', async () => {
    rig = await start();
    const client = await rig.in();
    const bound = bind({
      portal: '',
      statement: 's',
      parameterFormats: [],
      resultFormats: [],
      parameters: [Buffer.from('1')],
    });
    const run = [bound, execute({ portal: '', rowsMax: 0 })];
    await client.ask(parse({ name: 's', text: 'select $1', parameterTypes: [] }), ...run, ...run, sync());
    expect(await rowsOf('select calls, rows, query from medrex.queries')).toEqual(['D 2,2,select $1']);
  });

  it('includes trends by the second, built only for the columns asked for', async () => {
    rig = await start();
    const client = await rig.in();
    await client.ask(query('select 1'));
    const { statistics } = rig.running.observability;
    const second = Math.floor(Date.now() / 1_000) + 1;
    for (let at = 0; at < 120; at++)
      statistics?.trends.tick(
        (second + at) * 1_000,
        new Map([['app', { clients: 3, waiting: 1, active: 2, idle: 0, pinned: 0 }]]),
      );
    const shown = await rowsOf(
      "select sum(queries), max(clients), count(*) from medrex.trends where resolution = '1s' and database = 'app'",
    );
    expect(shown[0]).toMatch(/^D 1,3,1[12]\d$/);
    expect((await rowsOf("select count(*) from medrex.trends where resolution = '10s'"))[0]).toMatch(/^D 1[12]$/);
    expect(await rowsOf("select count(*) from medrex.trends where time < now() - interval '1 day'")).toEqual(['D 0']);
  });

  it('includes slow statements without literals, kept with the hours for the next process', async () => {
    rig = await start({ statistics: { slowMs: 1, folder: 'statistics' } });
    const client = await rig.in();
    const { host } = rig.running.proxy;
    for (let turn = 0; turn < 2; turn++) {
      client.send(query("hang -- 'secret'"));
      await eventually(() => [...host.clients].some(({ backend }) => backend !== undefined));
      await new Promise((resolve) => setTimeout(resolve, 30)); // it is slow
      for (const { backend } of host.clients) if (backend !== undefined) host.cancel(backend);
      await client.until('Z');
    }
    expect(await rowsOf('select user_name, total_ms > 1, query from medrex.slow')).toEqual(['D app,t,...']);
    expect(rig.lines.join('')).toContain('a statement was slow');
    expect(rig.lines.join('')).not.toContain('secret');
    await rig.running.observability.close();
    expect(rig.lines.join('')).toMatch(/"count":1,.*"more statements were slow than are logged"/);
    const kept = (file: string): string => readFileSync(join(rig.folder, 'statistics', file), 'utf8');
    expect(JSON.parse(kept('slow.jsonl'))).toMatchObject({ query: '...', workload: 'interactive' });
    expect(JSON.parse(kept('hours.jsonl'))).toMatchObject({ database: 'app', point: { queries: 2, errors: 2 } });
  });

  it('has histograms by database and class, and errors by SQLSTATE class', async () => {
    rig = await start();
    const client = await rig.in();
    await client.ask(query('select 1'));
    await client.ask(query('fail'));
    const text = await (await fetch(rig.running.urls.metrics)).text();
    expect(text).toContain('medrex_pg_proxy_query_seconds_count{database="app",class="interactive"} 2');
    expect(text).toMatch(/medrex_pg_proxy_errors_total\{sqlstate="[0-9A-Z]{2}"\} 1/);
    expect(text).toContain('medrex_pg_proxy_rows_total 1');
    expect(text).toContain('medrex_pg_proxy_connect_seconds_count{database="app"} 1');
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  it('includes the number and the ratio of pinned backends', async () => {
    rig = await start();
    const [listens, asks] = [await rig.in(), await rig.in()];
    await listens.ask(query('listen x'));
    await asks.ask(query('begin'));
    const text = await (await fetch(rig.running.urls.metrics)).text();
    expect(text).toMatch(/^medrex_pg_proxy_backends_pinned 1$/m);
    expect(text).toMatch(/^medrex_pg_proxy_pinned_ratio 0\.5$/m);
  });

  it('includes who read what, and nothing runs that cannot be recorded', async () => {
    rig = await start({ audit: { file: 'audit', flushMs: 1, personKeys: ['person'] } });
    const client = await rig.in({ parameters: { application_name: 'ward 3' } });
    await client.ask(query("select name from clinic.patients where name = 'Miller' /*person='nurse%207'*/"));
    await client.ask(query('update visits set bed = 3'));
    await client.ask(query('select 1'));
    const { audit } = rig.running.observability;
    await audit?.flush();
    const text = readFileSync(join(rig.folder, 'audit.000001'), 'utf8');
    const entries = text.split('\n').slice(1, -1);
    expect(entries.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        kind: 'statement',
        user: 'app',
        database: 'app',
        application: 'ward 3',
        person: 'nurse 7',
        action: 'read',
        reads: ['clinic.patients'],
        writes: [],
        rows: 1,
      }),
      expect.objectContaining({ action: 'write', writes: ['visits'] }),
    ]);
    expect(text).not.toContain('Miller');
    // As good as a disk that is full.
    mkdirSync(join(rig.folder, 'audit.head.new'));
    await client.ask(query('update visits set bed = 4'));
    await eventually(() => audit?.isFailing === true);
    expect((await client.ask(query('select 1')))[0]).toMatch(/^ERROR 53100/);
    rmdirSync(join(rig.folder, 'audit.head.new'));
    await audit?.flush();
    expect((await client.ask(query('select 1'))).at(-1)).toBe('Z I');
  });

  it('includes changes of the schema, of privileges and of roles, without their literals', async () => {
    rig = await start({ audit: { file: 'audit', flushMs: 1 } });
    const client = await rig.in();
    for (const text of [
      "alter role ward password 'geheim'",
      'alter role ward set work_mem = geheim',
      'grant select on patients to ward',
      "comment on table patients is 'geheim'",
      'set role ward',
      "begin; set local session authorization 'Ward 2'; select name from patients; commit",
      "select set_config('role', 'ward', false)",
      'reset role',
      "set work_mem = '8MB'",
    ])
      await client.ask(query(text));
    await rig.running.observability.audit?.flush();
    const text = readFileSync(join(rig.folder, 'audit.000001'), 'utf8');
    const entries = text
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line) as { action: string; statement?: string; roles?: string[] });
    expect(entries.map(({ action, statement, roles }) => [action, statement, roles])).toEqual([
      ['schema', 'alter role ward password $1', undefined],
      ['schema', 'alter role ward set work_mem TO $1', undefined],
      ['schema', 'grant select on patients to ward', undefined],
      ['schema', 'comment on table patients is $1', undefined],
      ['role', 'SET role TO $1', ['ward']],
      ['role', 'SET LOCAL session_authorization TO $1', ['Ward 2']],
      ['role', 'select set_config($1, $2, false)', ['ward']],
      ['role', 'reset role', undefined],
    ]);
    expect(text).not.toContain('geheim');
  });

  it('includes what FETCH and EXECUTE read or change', async () => {
    rig = await start({ audit: { file: 'audit', flushMs: 1 } });
    const [client, other] = [await rig.in(), await rig.in()];
    await client.ask(query('declare c cursor with hold for select name from patients'));
    for (const asker of [client, other]) await asker.ask(query('fetch 3 from c'));
    await client.ask(query('prepare p as update visits set bed = $1'));
    await client.ask(query('execute p(3)'));
    await rig.running.observability.audit?.flush();
    const [, ...lines] = readFileSync(join(rig.folder, 'audit.000001'), 'utf8').trimEnd().split('\n');
    const told = lines.map((line) => JSON.parse(line) as { action: string; reads: string[]; writes: string[] });
    expect(told.map(({ action, reads, writes }) => `${action} ${[...reads, ...writes].join()}`)).toEqual([
      ...['read patients', 'read patients', 'call ', 'write visits', 'write visits'],
    ]);
  });

  it('includes the upstream user of clients that came before a RELOAD', async () => {
    const as = (name: string): object[] => [{ user: 'app', as: name, password: { file: 'secret' } }];
    const audit = { audit: { file: 'audit', flushMs: 1 } };
    rig = await ProxyRig.start({ config: { ...audit, identities: as('first') }, files: { secret: 'secret' } });
    const client = await rig.in();
    const file = join(rig.folder, 'config.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...config, identities: as('second') }));
    rig.running.reload();
    await client.ask(query('select name from patients'));
    await (await rig.in()).ask(query('select name from patients'));
    await rig.running.observability.audit?.flush();
    const entries = readFileSync(join(rig.folder, 'audit.000001'), 'utf8').split('\n').slice(1, -1);
    expect(entries.map((line) => (JSON.parse(line) as { as: string }).as)).toEqual(['first', 'second']);
    expect(entries[0]).toMatch(/"at":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/);
  });

  it('includes a span for a statement and its parts, as a child of the span of its client', async () => {
    rig = await start();
    const client = await rig.in();
    await client.ask(query(`select 'Miller' /*application='ward',traceparent='${traceparent}'*/`));
    const spans = rig.telemetry.tracing.finished();
    expect(spans.map(({ name }) => name)).toEqual(
      ['pg-proxy queue', 'pg-proxy backend', 'pg-proxy stream', 'pg-proxy query'], //
    );
    const whole = spans.at(-1);
    expect(whole).toMatchObject({ traceId: traceparent.slice(3, 35), parentSpanId: traceparent.slice(36, 52) });
    expect(spans[0]?.parentSpanId).toBe(whole?.spanId);
    expect(JSON.stringify(spans)).not.toContain('Miller');
    expect(whole?.attributes).toMatchObject({ rows: 1, class: 'interactive' });
    const ids = await rowsOf('select trace_id from medrex.clients where trace_id is not null');
    expect(ids).toEqual([`D ${traceparent.slice(3, 35)}`]);
    await client.ask(query('select 1'));
    expect(rig.telemetry.tracing.finished()).toHaveLength(4);
  });
});
