import { afterEach, describe, expect, it } from '@jest/globals';
import { query, sync } from '@medrex/pg-wire';
import type { Request, RequestObserver } from './session/client/request.ts';
import { oneBackend, prepare, run } from './testing/asked.ts';
import { holds, ProxyRig, type RigOptions } from './testing/proxy-rig.ts';

let rig: ProxyRig;

afterEach(async () => {
  await rig.close();
});

const start = async (options?: RigOptions): Promise<ProxyRig> => (rig = await ProxyRig.start(options));

/** A fault of ours that one text brings out. */
const throwing = (request: Request): void => {
  if (request.text === 'poison') throws();
};
const throws = (): never => {
  throw new TypeError('Koepp cannot be read');
};
const whenSent: RequestObserver = { sent: throwing, ended: () => undefined };
const whenEnded: RequestObserver = { ended: throwing };

const told = 'FATAL XX000 internal error of pg-proxy';

async function isCounted(times = 1): Promise<void> {
  const line = rig.lines.find((one) => one.includes('an internal error'));
  expect(line).toMatch(/TypeError.*internal-error\.test\.ts/s);
  expect(line).not.toContain('Koepp');
  expect(await rig.telemetry.metrics.text()).toContain(`medrex_pg_proxy_internal_errors_total ${times}\n`);
}

describe('an internal error', () => {
  it.each([
    ['a query', [query('poison')]],
    ['an Execute', [prepare('', 'poison'), run(''), sync()]],
  ])('in a message of a client, %s, ends only that client and its backend', async (_what, messages) => {
    await start({ observer: whenSent });
    const [one, other] = [await rig.in(), await rig.in()];
    await other.ask(query('begin'));
    await one.ask(query('begin'));
    one.send(...messages);
    expect((await one.until('closed')).at(-1)).toBe(told);
    expect((await other.ask(query('select 1'))).at(-1)).toBe('Z T');
    await other.ask(query('commit'));
    await holds(() => expect(rig.postgres.open).toHaveLength(1));
    await rig.atRest();
    expect((await (await rig.in()).ask(query('select 2'))).at(-1)).toBe('Z I');
    await isCounted();
  });

  it('in an answer of a server ends only that backend and its client', async () => {
    await start({ observer: whenEnded });
    const [one, other] = [await rig.in(), await rig.in()];
    await other.ask(query('begin'));
    one.send(query('poison'));
    expect((await one.until('closed')).at(-1)).toMatch(/^FATAL 08006/);
    expect((await other.ask(query('select 1'))).at(-1)).toBe('Z T');
    await holds(() => expect(rig.postgres.open).toHaveLength(1));
    // It fails once more when it is told that nothing more comes.
    await isCounted(2);
  });

  it('in a request that waited does not affect the client that gave the backend back', async () => {
    await start({ ...oneBackend, observer: whenSent });
    const [one, other] = [await rig.in(), await rig.in()];
    await other.ask(query('begin'));
    one.send(query('poison'));
    await rig.waiting(1);
    expect((await other.ask(query('commit'))).at(-1)).toBe('Z I');
    expect((await one.until('closed')).at(-1)).toBe(told);
    expect((await other.ask(query('select 1'))).at(-1)).toBe('Z I');
    await isCounted();
  });

  it.each([
    ['where it is looked who somebody is', 'disabled', 'has'],
    ['where it is looked whether he may come in', 'limits', 'refusal'],
    ['where he gets his key', 'cancelKeys', 'give'],
  ] as const)('in a login, %s, ends that login alone', async (_where, part, name) => {
    await start();
    const other = await rig.in();
    const broken = rig.running.proxy.host[part];
    Object.defineProperty(broken, name, { value: throws, configurable: true });
    expect((await rig.open().until('closed')).at(-1)).toBe(told);
    Reflect.deleteProperty(broken, name);
    expect((await other.ask(query('select 1'))).at(-1)).toBe('Z I');
    expect((await (await rig.in()).ask(query('select 2'))).at(-1)).toBe('Z I');
    await isCounted();
  });
});
