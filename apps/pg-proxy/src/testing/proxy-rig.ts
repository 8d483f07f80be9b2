import { expect } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { cancelRequest } from '@medrex/pg-wire';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPgProxy, type PgProxyStart, type RunningPgProxy } from '../start-pg-proxy.ts';
import { createTelemetry, type Telemetry } from '@medrex/telemetry';
import { ScriptedPostgres } from './scripted-postgres.ts';
import { WireClient, type WireClientOptions } from './wire-client.ts';

export interface RigOptions extends Pick<PgProxyStart, 'process' | 'filesMax' | 'irisDriver' | 'lookup' | 'observer'> {
  /** Parts of the configuration that replace the standard ones. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly users?: string;
  /** Time advances only through `after`. */
  readonly timeStandsStill?: boolean;
  /** In addition to `main`. */
  readonly upstreams?: Readonly<Record<string, unknown>>;
  /** Other files in the folder, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** A pgbouncer.ini, over which the configuration is laid. */
  readonly pgbouncerIni?: string;
}

/** A proxy in front of a scripted server, and its clients; `close` ends all of it. */
export class ProxyRig {
  readonly postgres: ScriptedPostgres;
  readonly running: RunningPgProxy;
  readonly folder: string;
  readonly lines: string[];
  readonly #clients: WireClient[] = [];
  readonly #telemetry: Telemetry;
  readonly #clock: Clock;

  private constructor(
    postgres: ScriptedPostgres,
    running: RunningPgProxy,
    folder: string,
    more: { lines: string[]; telemetry: Telemetry; clock: Clock },
  ) {
    this.postgres = postgres;
    this.running = running;
    this.folder = folder;
    this.lines = more.lines;
    this.#telemetry = more.telemetry;
    this.#clock = more.clock;
  }

  static async start({
    config = {},
    upstreams = {},
    users = '"app" "secret"\n"other" "secret"\n',
    files = {},
    timeStandsStill = false,
    pgbouncerIni,
    ...more
  }: RigOptions = {}): Promise<ProxyRig> {
    const postgres = await ScriptedPostgres.start();
    const folder = mkdtempSync(join(tmpdir(), 'medrex-pg-proxy-'));
    writeFileSync(join(folder, 'users.txt'), users);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const file = join(folder, 'config.json');
    const whole = {
      listen: { port: 0 },
      upstreams: { main: { port: postgres.port }, ...upstreams },
      databases: { app: { upstream: 'main' } },
      auth: { userFile: 'users.txt' },
      metrics: { port: 0 },
      ...config,
    };
    writeFileSync(file, JSON.stringify(whole));
    const lines: string[] = [];
    const telemetryOptions = {
      service: 'pg-proxy',
      traceRatio: 0,
      isStrict: true,
      keepSpans: true,
      writeLog: (line: string) => lines.push(line),
    };
    const telemetry = createTelemetry(telemetryOptions);
    const clock = new Clock(timeStandsStill);
    try {
      const running = await startPgProxy({
        file,
        environment: {},
        telemetry,
        telemetryOptions,
        patienceMs: 5_000,
        ...(pgbouncerIni !== undefined && { pgbouncerIni: join(folder, pgbouncerIni) }),
        ...more,
        now: () => clock.nowMs,
      });
      return new ProxyRig(postgres, running, folder, { lines, telemetry, clock });
    } catch (error) {
      await postgres.close();
      await telemetry.close();
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  get telemetry(): Telemetry {
    return this.#telemetry;
  }

  get port(): number {
    return this.running.proxy.port;
  }

  open(options: Partial<WireClientOptions> = {}): WireClient {
    const client = WireClient.open({ port: this.port, ...options });
    this.#clients.push(client);
    return client;
  }

  /** A client that has logged in. */
  async in(options: Partial<WireClientOptions> = {}): Promise<WireClient> {
    const client = this.open(options);
    await client.until('Z I');
    return client;
  }

  /** Advances the time, which stands still otherwise, and lets the proxy notice. */
  after(ms: number): void {
    this.#clock.moveOn(ms);
    this.running.proxy.host.tick();
  }

  /** Waits until the scripted server has received it. */
  heard(text: string): Promise<void> {
    return holds(() => expect(this.postgres.backends.flatMap((backend) => backend.heard)).toContain(text));
  }

  /** Waits until so many clients wait for a backend. */
  waiting(count: number): Promise<void> {
    return holds(() => expect(this.running.proxy.host.pools.totals(0).waiting).toBe(count));
  }

  /** Waits until no backend is in use. */
  atRest(): Promise<void> {
    return holds(() => {
      const { active, resetting } = this.running.proxy.host.pools.totals(0);
      expect(active + resetting).toBe(0);
    });
  }

  /** Sends a cancel request. @param change added to the secret */
  cancel(key: WireClient['key'], change = 0): void {
    const socket = connect({ host: '127.0.0.1', port: this.port });
    socket.end(cancelRequest(key!.processId, Buffer.from(key!.secretKey.map((byte) => byte ^ change))));
  }

  get pinned(): number {
    return this.running.proxy.host.pools.totals(0).pinned;
  }

  async close(): Promise<void> {
    this.#clock.goOn();
    for (const client of this.#clients) client.close();
    await this.running.close();
    await this.postgres.close();
    await this.#telemetry.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** The process's clock in ms, or a time set by the test. */
class Clock {
  #isStill: boolean;
  /** Whole, so that sums of milliseconds are exact. */
  #nowMs = Math.ceil(performance.now());
  #aheadMs = 0;

  constructor(isStill: boolean) {
    this.#isStill = isStill;
  }

  get nowMs(): number {
    return this.#isStill ? this.#nowMs : performance.now() + this.#aheadMs;
  }

  moveOn(ms: number): void {
    this.#nowMs += ms;
  }

  /** Continues from the current time. */
  goOn(): void {
    this.#aheadMs = this.nowMs - performance.now();
    this.#isStill = false;
  }
}

/** Waits until the expectation holds. */
export async function holds(expectation: () => void): Promise<void> {
  await eventually(() => {
    expectation();
    return true;
  });
}
