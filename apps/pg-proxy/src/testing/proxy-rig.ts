import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessFigures } from '../scheduling/overload.ts';
import { startPgProxy, type RunningPgProxy } from '../start-pg-proxy.ts';
import { createTelemetry, type Telemetry } from '@medrex/telemetry';
import { ScriptedPostgres } from './scripted-postgres.ts';
import { WireClient, type WireClientOptions } from './wire-client.ts';

export interface RigOptions {
  /** Parts of the configuration in place of the standard ones. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly users?: string;
  /** What the process says of itself. */
  readonly process?: ProcessFigures;
  /** Beside `main`. */
  readonly upstreams?: Readonly<Record<string, unknown>>;
  /** Other files of the folder, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A proxy before a scripted server, and clients of it; all of it goes with `close`. */
export class ProxyRig {
  readonly postgres: ScriptedPostgres;
  readonly running: RunningPgProxy;
  readonly folder: string;
  readonly lines: string[];
  readonly #clients: WireClient[] = [];
  readonly #telemetry: Telemetry;

  private constructor(
    postgres: ScriptedPostgres,
    running: RunningPgProxy,
    folder: string,
    log: { lines: string[]; telemetry: Telemetry },
  ) {
    this.postgres = postgres;
    this.running = running;
    this.folder = folder;
    this.lines = log.lines;
    this.#telemetry = log.telemetry;
  }

  static async start({
    config = {},
    upstreams = {},
    process,
    users = '"app" "secret"\n"other" "secret"\n',
    files = {},
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
      ...{ service: 'pg-proxy', traceRatio: 0, isStrict: true, keepSpans: true },
      writeLog: (line: string) => lines.push(line),
    };
    const telemetry = createTelemetry(telemetryOptions);
    const running = await startPgProxy({
      ...{ file, environment: {}, telemetry, telemetryOptions, patienceMs: 5_000 },
      ...(process && { process }),
    });
    return new ProxyRig(postgres, running, folder, { lines, telemetry });
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

  /** A client that is logged in. */
  async in(options: Partial<WireClientOptions> = {}): Promise<WireClient> {
    const client = this.open(options);
    await client.until('Z I');
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.running.close();
    await this.postgres.close();
    await this.#telemetry.close();
    rmSync(this.folder, { recursive: true });
  }
}
