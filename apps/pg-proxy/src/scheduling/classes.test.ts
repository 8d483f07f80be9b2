import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { bind, describe as describeMessage, execute, parse, query, sync } from '@medrex/pg-wire';
import { workloadClasses, type WorkloadClass } from '@medrex/pool';
import type { Client } from '../session/client/client.ts';
import type { RequestText, Request } from '../session/client/request.ts';
import { ProxyRig, type RigOptions } from '../testing/proxy-rig.ts';
import { ScriptedPostgres } from '../testing/scripted-postgres.ts';
import type { WireClient } from '../testing/wire-client.ts';
import type { Classifier } from './classifier.ts';
import { hintOf } from './hint.ts';

let rig: ProxyRig;
let mirror: ScriptedPostgres | undefined;
afterEach(async () => {
  await rig.close();
  await mirror?.close();
  mirror = undefined;
});

const start = async (options: RigOptions = {}): Promise<ProxyRig> => (rig = await ProxyRig.start(options));

/** Whose slots are taken. */
function held(): Partial<Record<WorkloadClass, number>> {
  const [figures] = rig.running.proxy.host.pools.figures(0);
  return Object.fromEntries(
    workloadClasses.flatMap((name) =>
      figures!.classes[name].active > 0 ? [[name, figures!.classes[name].active]] : [],
    ),
  );
}

/** Sends it, and waits until the server has it. */
async function running(client: WireClient, ...messages: readonly Buffer[]): Promise<void> {
  const { active } = rig.running.proxy.host.pools.totals(0);
  client.send(...messages);
  await eventually(() => rig.running.proxy.host.pools.totals(0).active > active);
}

const classifier = (): Classifier => rig.running.proxy.host.classifier;
const lastClient = (): Client => [...rig.running.proxy.host.clients].at(-1)!;
const asked = (text: string): RequestText => ({ text, isWhole: true, analysis: undefined });

/** A request that has ended after so long. */
const ended = (text: string, durationMs: number): Request =>
  ({
    from: lastClient(),
    backendAt: 1_000,
    endedAt: 1_000 + durationMs,
    sqlstate: undefined,
    commands: 1,
    rows: 1,
    analysis: classifier().analysisOf(asked(text)),
  }) as unknown as Request;

describe('the class of a request', () => {
  it.each<[string, string, WorkloadClass]>([
    ['a row by its key', 'select name from patients where id = 1', 'interactive'],
    ['groups', 'select ward, count(*) from stays group by ward', 'analytical'],
    ['the heaviest of several statements', 'select 1 where true; copy stays to stdout', 'bulk'],
    ['nothing that can be read', 'select select', 'interactive'],
    ['a hint', `select 1 where true /*workload_class='analytical'*/`, 'analytical'],
    ['a hint beside others', `select ward from stays /*traceparent='00-1',workload_class='bulk'*/`, 'bulk'],
    ['no hint that makes an operator of anybody', `select 1 where true /*workload_class='admin'*/`, 'interactive'],
    ['a nearest neighbour search', 'select id from notes order by embedding <=> $1 limit 5', 'vector'],
    ['what an operator does', 'vacuum stays', 'admin'],
  ])('is determined by %s', async (_what, text, expected) => {
    await start();
    await rig.in();
    expect(classifier().classOf(lastClient(), asked(text))).toBe(expected);
  });

  it('counts against the slots of the class', async () => {
    await start();
    await running(await rig.in(), query(`hang /*workload_class='bulk'*/`));
    expect(held()).toEqual({ bulk: 1 });
  });

  it('is known at the first Parse, Bind or Describe of a transaction', async () => {
    await start();
    const text = `select ward, count(*) from stays group by ward`;
    const client = await rig.in();
    await client.ask(parse({ name: 'report', text, parameterTypes: [] }), sync());
    const { host } = rig.running.proxy;
    const seen: WorkloadClass[] = [];
    const checkout = host.pools.checkout.bind(host.pools);
    host.pools.checkout = (pooled, workClass, nowMs) => {
      seen.push(workClass);
      return checkout(pooled, workClass, nowMs);
    };
    const run = [
      bind({ portal: '', statement: 'report', parameterFormats: [], parameters: [], resultFormats: [] }),
      execute({ portal: '', rowsMax: 0 }),
      sync(),
    ];
    await client.ask(...run);
    await client.ask(describeMessage({ kind: 'statement', name: 'report' }), sync());
    await client.ask(parse({ name: '', text, parameterTypes: [] }), sync());
    await client.ask(parse({ name: '', text: 'select 1 where true', parameterTypes: [] }), sync());
    expect(seen).toEqual(['analytical', 'analytical', 'analytical', 'interactive']);
  });

  it('follows the rule of the narrowest scope, unless a hint says otherwise', async () => {
    await start({
      config: {
        databases: { app: { upstream: 'main', workloadClass: 'analytical' } },
        users: { other: { workloadClass: 'bulk' } },
        applications: { 'ward*': { workloadClass: 'interactive' } },
      },
    });
    const classOf = async (options: object, text = 'select 1 where true'): Promise<WorkloadClass> => {
      await rig.in(options);
      return classifier().classOf(lastClient(), asked(text));
    };
    expect(await classOf({})).toBe('analytical');
    expect(await classOf({ user: 'other' })).toBe('bulk');
    expect(await classOf({ user: 'other', parameters: { application_name: 'ward 7' } })).toBe('interactive');
    expect(await classOf({}, `select 1 /*workload_class='vector'*/`)).toBe('vector');
  });

  it('is learned from the duration of similar statements', async () => {
    await start();
    await rig.in();
    const text = (id: number): string => `select slow from patients where id = ${id}`;
    const classNow = (): WorkloadClass => classifier().classOf(lastClient(), asked(text(9)));
    for (let id = 0; id < 4; id++) classifier().ended(ended(text(id), 500));
    lastClient().work.lastEndedAt = 0;
    expect(classNow()).toBe('interactive');
    for (let id = 0; id < 4; id++) {
      lastClient().work.lastEndedAt = 0;
      classifier().ended(ended(text(id), 500));
    }
    expect(classNow()).toBe('analytical');
  });

  it('is not learned from the time that a statement waited for earlier ones', async () => {
    await start();
    await rig.in();
    // A batch in one packet: each had the server for 1 ms.
    for (let at = 1; at <= 500; at++) classifier().ended(ended('select 1 from batch where id = 7', at));
    expect(classifier().classOf(lastClient(), asked('select 1 from batch where id = 8'))).toBe('interactive');
  });

  it('of a transaction becomes known when a statement runs for long, and also applies to the next one of the client', async () => {
    await start();
    const client = await rig.in();
    await client.ask(query('begin'));
    expect(held()).toEqual({ interactive: 1 });
    client.send(query(`hang /*workload_class='analytical'*/`));
    await eventually(() => held().analytical === 1);
    rig.postgres.open[0]!.cancel();
    await client.until('Z');
    await client.ask(query('rollback'));
    await client.ask(query('begin'));
    expect(held()).toEqual({ analytical: 1 });
    await client.ask(query('commit'));
    await client.ask(query('begin'));
    expect(held()).toEqual({ interactive: 1 });
  });
});

it('is what the settings say, without looking at statements, where automatic classes are off', async () => {
  await start({ config: { classes: { isOn: false } } });
  await rig.in();
  expect(classifier().classOf(lastClient(), asked('select ward, count(*) from stays group by ward'))).toBe(
    'interactive',
  );
});

describe('slots', () => {
  it('keep interactive work apart from a flood of other work', async () => {
    await start({ config: { pool: { size: 4, reserve: 0, waitTimeoutMs: 60_000 } } });
    const flood = await Promise.all(Array.from({ length: 6 }, () => rig.in()));
    for (const client of flood) client.send(query(`hang /*workload_class='analytical'*/`));
    await eventually(() => rig.running.proxy.host.pools.totals(0).waiting === 5);
    const clinician = await rig.in();
    expect(await clinician.ask(query('select 1 where true'))).toContain('Z I');
    expect(held()).toEqual({ analytical: 1 });
  });
});

describe('a class with an upstream of its own', () => {
  const report = 'select ward, count(*) from stays group by ward';
  const heardAt = (postgres: ScriptedPostgres): string[] => postgres.backends.flatMap(({ heard }) => heard);

  async function withMirror(more = {}): Promise<[WireClient, ScriptedPostgres]> {
    mirror = await ScriptedPostgres.start();
    await start({
      upstreams: { reporting: { port: mirror.port } },
      config: { databases: { app: { upstream: 'main', upstreamOfClass: { analytical: 'reporting' } } }, ...more },
    });
    return [await rig.in(), mirror];
  }

  it('gets its reads, and the other upstreams none of them', async () => {
    const [client, reporting] = await withMirror();
    await client.ask(query(report));
    await client.ask(query('select 1 where true'));
    await client.ask(parse({ name: 'r', text: report, parameterTypes: [] }), sync());
    const run = bind({ portal: '', statement: 'r', parameterFormats: [], parameters: [], resultFormats: [] });
    await client.ask(run, execute({ portal: '', rowsMax: 0 }), sync());
    expect(heardAt(reporting)).toEqual([report, `parse ${report}`]);
    expect(heardAt(rig.postgres)).toEqual(['select 1 where true']);
  });

  it('gets nothing from transactions, from pinned sessions, and no writes', async () => {
    const [client, reporting] = await withMirror();
    for (const text of ['begin', report, 'commit', 'listen news', report, 'unlisten *']) await client.ask(query(text));
    const writes = 'insert into totals select ward, count(*) from stays group by ward';
    const locks = `${report} for update /*workload_class='analytical'*/`;
    for (const text of [writes, locks, `begin; ${report}`, 'commit']) await client.ask(query(text));
    expect(heardAt(reporting)).toEqual([]);
    expect(heardAt(rig.postgres)).toContain(locks);
  });

  it('counts a client by its current application name', async () => {
    const [client] = await withMirror({ applications: { renamed: { backendsMax: 1 } } });
    await client.ask(query(report));
    const other = await rig.in({ parameters: { application_name: 'renamed' } });
    await other.ask(query('begin'));
    await client.ask(query("set application_name to 'renamed'"));
    client.send(query(report));
    await eventually(() => rig.running.proxy.host.pools.totals(0).waiting === 1);
    await other.ask(query('commit'));
    await eventually(() => rig.running.proxy.host.pools.totals(0).waiting === 0);
  });

  it('is left together with the client', async () => {
    const [client] = await withMirror();
    await client.ask(query(report));
    expect(rig.running.proxy.host.pools.totals(0)).toMatchObject({ clients: 2, pools: 2 });
    client.close();
    await eventually(() => rig.running.proxy.host.pools.totals(0).clients === 0);
  });
});

it('reads hints, also in the form of sqlcommenter, and no other text', async () => {
  await start();
  expect(hintOf(`select 'workload_class=bulk'`)).toBeUndefined();
  expect(hintOf(`/*workload_class='vector'*/ select 1`)).toBe('vector');
  expect(hintOf(`select 1 /*workload_class='nonsense'*/`)).toBeUndefined();
  expect(hintOf(`/* pgproxy.workload_class=bulk */ select 1`)).toBe('bulk');
  expect(hintOf(`select 1 /* pgproxy.workload_class = 'analytical' */;`)).toBe('analytical');
  expect(hintOf(`/* pgproxy.workload_class=admin */ select 1`)).toBeUndefined();
});

describe('a pinned session', () => {
  it('does not block others of its class', async () => {
    await start({ config: { pool: { size: 3, waitTimeoutMs: 3_000 } } });
    const [one, other] = [await rig.in(), await rig.in()];
    // Pins, as what is too long to be read and speaks of temporary tables does; one slot of three is for bulk work.
    const long = query(`select 'temp ${'x'.repeat(300_000)}'`);
    expect((await one.ask(long)).at(-1)).toBe('Z I');
    expect(rig.running.proxy.host.pools.totals(0).pinned).toBe(1);
    expect(held()).toEqual({ interactive: 1 });
    expect((await other.ask(long)).at(-1)).toBe('Z I');
  });
});
