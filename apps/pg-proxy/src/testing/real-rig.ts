import { createTelemetry, type Telemetry } from '@medrex/telemetry';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { RequestObserver } from '../session/client/request.ts';
import { startPgProxy, type RunningPgProxy } from '../start-pg-proxy.ts';

let rigs = 0;

/** Users of the proxy in addition to the server's own, with the same password. */
export const people = ['alice', 'bob', 'carol', 'dave'] as const;

export type Mode = 'session' | 'transaction' | 'statement';

/** A proxy in front of a real PostgreSQL, with a schema of its own there; `close` removes all of it. */
export class RealRig {
  readonly running: RunningPgProxy;
  readonly schema = `proxy_${process.pid}_${Date.now()}_${++rigs}`;
  readonly direct: pg.Client;
  readonly #url: URL;
  readonly #folder: string;
  /** Without the parts that a test has added. */
  readonly #config: object;
  readonly #telemetry: Telemetry;
  readonly #clients: pg.Client[] = [];

  private constructor(url: URL, folder: string, config: object, running: RunningPgProxy, telemetry: Telemetry) {
    this.#config = config;
    this.#url = url;
    this.#folder = folder;
    this.running = running;
    this.#telemetry = telemetry;
    this.direct = new pg.Client({ connectionString: url.href });
  }

  static async start(
    where: string,
    mode: Mode,
    size: number,
    observer?: RequestObserver,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<RealRig> {
    const url = new URL(where);
    // A server with trust authentication needs no password, but the proxy does.
    if (url.password === '') url.password = 'secret';
    const folder = mkdtempSync(join(tmpdir(), 'medrex-pg-proxy-'));
    const [user, password] = [url.username, url.password].map((text) => decodeURIComponent(text).replaceAll('"', '""'));
    const users = [user, ...people].map((name) => `"${name}" "${password}"\n`);
    writeFileSync(join(folder, 'users.txt'), users.join(''), { mode: 0o600 });
    writeFileSync(join(folder, 'password'), decodeURIComponent(url.password), { mode: 0o600 });
    const file = join(folder, 'config.json');
    const main = { host: url.hostname, port: Number(url.port === '' ? 5432 : url.port) };
    const config = {
      listen: { port: 0 },
      // The mirror is the same server.
      upstreams: { main, mirror: main },
      databases: { '*': { upstream: 'main' } },
      auth: { userFile: 'users.txt' },
      pool: { mode, size, reserve: 0, waitTimeoutMs: 60_000 },
      metrics: { port: 0 },
    };
    writeFileSync(file, JSON.stringify({ ...config, ...more }));
    const telemetry = createTelemetry({ service: 'pg-proxy', traceRatio: 0, writeLog: () => undefined });
    const observed = observer === undefined ? {} : { observer };
    const running = await startPgProxy({ file, environment: {}, telemetry, patienceMs: 5_000, ...observed });
    const rig = new RealRig(url, folder, config, running, telemetry);
    await rig.direct.connect();
    await rig.direct.query(`create schema ${rig.schema}`);
    // A client that asks for pg_backend_pid() itself keeps its backend; the same call inside a function is not visible.
    await rig.direct.query(
      `create function ${rig.schema}.server_pid() returns int language sql as 'select pg_catalog.pg_backend_pid()'`,
    );
    return rig;
  }

  /** Applies other parts of the configuration, in place of those it was started with. */
  reload(more: Readonly<Record<string, unknown>>): readonly string[] {
    writeFileSync(join(this.#folder, 'config.json'), JSON.stringify({ ...this.#config, ...more }));
    return this.running.reload();
  }

  /** A client connected directly, past the proxy. */
  directClient(options: pg.ClientConfig = {}): Promise<pg.Client> {
    return this.client({ connectionString: this.#url.href, ...options });
  }

  /** The proxy's address in libpq's form. */
  get url(): string {
    const url = new URL(this.#url);
    url.hostname = '127.0.0.1';
    url.port = String(this.running.proxy.port);
    return url.href;
  }

  /** A client of the proxy, or of another server given by `connectionString`. */
  async client(options: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url, options: `-c search_path=${this.schema}`, ...options });
    client.on('error', () => undefined); // a client whose backend is killed hears of it by its query, too
    this.#clients.push(client);
    await client.connect();
    return client;
  }

  /** The number of this proxy's backends that are active or in a transaction. */
  async busy(): Promise<number> {
    const { active, resetting } = this.running.proxy.host.pools.totals(0);
    const { rows } = await this.direct.query<{ count: string }>(
      `select count(*) from pg_stat_activity where pid <> pg_backend_pid() and usename = current_user
       and backend_type = 'client backend' and state <> 'idle'`,
    );
    return active + resetting + Number(rows[0]?.count);
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end().catch(() => undefined)));
    await this.running.close();
    await this.direct.query(`drop schema ${this.schema} cascade`);
    await this.direct.end();
    await this.#telemetry.close();
    rmSync(this.#folder, { recursive: true });
  }
}

/** The server process that a client of the rig uses at the moment. */
export async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select server_pid() as pid');
  return rows[0]!.pid;
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
}

/** Runs a program to its end; undefined: there is no such program. */
export async function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input = '',
): Promise<Ended | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
    let out = '';
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (out += data.toString()));
    child.on('error', () => resolve(undefined));
    child.on('close', (code) => resolve({ code, out }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
