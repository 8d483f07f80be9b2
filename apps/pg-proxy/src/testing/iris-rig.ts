import { JdbcBridge, JdbcDriver } from '@medrex/iris';
import { StandInIris } from '@medrex/iris/testing';
import type { SqlDriver } from '@medrex/sql-driver';
import { createTelemetry, type Telemetry } from '@medrex/telemetry';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPgProxy, type RunningPgProxy } from '../start-pg-proxy.ts';

export interface IrisRigOptions {
  /** The URL of the PostgreSQL in which the stand-in keeps its rows. */
  readonly where: string;
  readonly jar: string;
  readonly version?: string;
  /** The configuration's upstreams.iris.iris. */
  readonly iris?: Readonly<Record<string, unknown>>;
  readonly pool?: Readonly<Record<string, unknown>>;
  /** Other parts of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly licenceUnits?: number;
  /** A bridge that is already running and is closed by the caller: Java takes seconds to start. */
  readonly bridge?: JdbcBridge;
}

/** A proxy in front of a stand-in for IRIS, which is PostgreSQL behind pgjdbc and the bridge; `close` ends all of it. */
export class IrisRig {
  readonly running: RunningPgProxy;
  readonly bridge: JdbcBridge;
  readonly direct: pg.Client;
  readonly #isOwnBridge: boolean;
  readonly #where: string;
  readonly #iris: { standIn?: StandInIris };
  readonly #folder: string;
  readonly #telemetry: Telemetry;
  readonly #clients: pg.Client[] = [];

  private constructor(parts: {
    running: RunningPgProxy;
    bridge: JdbcBridge;
    isOwnBridge: boolean;
    direct: pg.Client;
    where: string;
    iris: { standIn?: StandInIris };
    folder: string;
    telemetry: Telemetry;
  }) {
    this.running = parts.running;
    this.bridge = parts.bridge;
    this.#isOwnBridge = parts.isOwnBridge;
    this.direct = parts.direct;
    this.#where = parts.where;
    this.#iris = parts.iris;
    this.#folder = parts.folder;
    this.#telemetry = parts.telemetry;
  }

  static async start(options: IrisRigOptions): Promise<IrisRig> {
    const { where, jar, version = '2025.2', iris: more = {}, pool = {}, licenceUnits, config: other = {} } = options;
    const url = new URL(where);
    const direct = new pg.Client({ connectionString: where });
    await direct.connect();
    await direct.query('DROP SCHEMA IF EXISTS sqluser CASCADE; DROP SCHEMA IF EXISTS iris_information_schema CASCADE');
    const folder = mkdtempSync(join(tmpdir(), 'medrex-iris-'));
    const file = join(folder, 'config.json');
    writeFileSync(join(folder, 'users.txt'), `"${url.username}" "${url.password === '' ? 'secret' : url.password}"\n`);
    const config = {
      listen: { port: 0 },
      upstreams: {
        iris: {
          kind: 'iris',
          host: url.hostname,
          port: Number(url.port === '' ? 5432 : url.port),
          iris: { version, jars: [jar], url: 'jdbc:postgresql://{host}:{port}/{database}', ...more },
        },
      },
      databases: { ward: { upstream: 'iris', database: url.pathname.slice(1) } },
      auth: { userFile: 'users.txt' },
      pool: { connectTimeoutMs: 60_000, waitTimeoutMs: 60_000, ...pool },
      metrics: { port: 0 },
      ...other,
    };
    writeFileSync(file, JSON.stringify(config));
    const bridge = options.bridge ?? new JdbcBridge({ jars: [jar] });
    await bridge.start();
    const iris: { standIn?: StandInIris } = {};
    const irisDriver = (jdbc: string): SqlDriver => {
      const postgres = new JdbcDriver({ bridge, url: jdbc, properties: { stringtype: 'unspecified' } });
      iris.standIn = new StandInIris({ postgres, version, ...(licenceUnits !== undefined && { licenceUnits }) });
      return iris.standIn;
    };
    const telemetry = createTelemetry({ service: 'pg-proxy', traceRatio: 0, writeLog: () => undefined });
    const running = await startPgProxy({ file, environment: {}, telemetry, patienceMs: 5_000, irisDriver });
    const isOwnBridge = options.bridge === undefined;
    return new IrisRig({ running, bridge, isOwnBridge, direct, where, iris, folder, telemetry });
  }

  get standIn(): StandInIris {
    if (this.#iris.standIn === undefined) throw new Error('nobody has connected yet');
    return this.#iris.standIn;
  }

  /** The proxy's address in libpq's form. */
  get url(): string {
    return `postgres://${this.direct.user ?? ''}:secret@127.0.0.1:${this.running.proxy.port}/ward`;
  }

  async client(options: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url, ...options });
    client.on('error', () => undefined);
    this.#clients.push(client);
    await client.connect();
    return client;
  }

  /** A client of PostgreSQL itself. */
  directClient(options: pg.ClientConfig = {}): Promise<pg.Client> {
    return this.client({ connectionString: this.#where, ...options });
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end().catch(() => undefined)));
    await this.running.close();
    if (this.#isOwnBridge) await this.bridge.close();
    await this.direct.query(
      'DROP SCHEMA IF EXISTS sqluser CASCADE; DROP SCHEMA IF EXISTS iris_information_schema CASCADE',
    );
    await this.direct.end();
    await this.#telemetry.close();
    rmSync(this.#folder, { recursive: true });
  }
}
