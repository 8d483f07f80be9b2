import { IrisDatabase, JdbcBridge, JdbcDriver, reportOf } from '@medrex/iris';
import type { Report } from '@medrex/pg-wire';
import type { PoolName } from '@medrex/pool';
import type { SqlAnalyser } from '@medrex/sql';
import { SqlFailure, type SqlDriver } from '@medrex/sql-driver';
import type { Socket } from 'node:net';
import type { IrisUpstreamConfig } from '../../config/iris-config.ts';
import type { ProxyConfig, UpstreamConfig } from '../../config/proxy-config.ts';
import type { LoggedIn } from '../backend-login.ts';
import type { Address, Addresses } from '../connect.ts';
import type { Credentials } from '../credentials.ts';

export interface IrisUpstreamsOptions {
  readonly analyser: SqlAnalyser;
  readonly now: () => number;
  /** Replaces JDBC; for tests. */
  readonly irisDriver?: ((url: string, iris: IrisUpstreamConfig) => SqlDriver) | undefined;
}

/** A session to be opened. */
export interface IrisOpening {
  readonly upstream: UpstreamConfig;
  readonly name: PoolName;
  readonly database: string;
  readonly credentials: Credentials;
  readonly addresses: () => Addresses;
}

type Cancel = (done: () => void) => void;

/** Upstreams of kind IRIS: their sessions look like PostgreSQL connections that are logged in. */
export class IrisUpstreams {
  readonly #options: IrisUpstreamsOptions;
  /** By everything that distinguishes one from another; a changed configuration creates new ones. */
  readonly #databases = new Map<string, Promise<IrisDatabase>>();
  /** One Java process for all that need the same settings. */
  readonly #bridges = new Map<string, JdbcBridge>();

  constructor(options: IrisUpstreamsOptions) {
    this.#options = options;
  }

  /** Java takes longer to start than a client waits for its login. */
  warm(config: ProxyConfig): void {
    if (this.#options.irisDriver !== undefined) return;
    for (const { iris } of Object.values(config.upstreams)) {
      // Any error is reported by the first login.
      if (iris !== undefined)
        this.#bridgeOf(iris)
          .start()
          .catch(() => undefined);
    }
  }

  open(
    opening: IrisOpening,
    loggedIn: (session: LoggedIn, cancel: Cancel) => void,
    failed: (report: Report, address: Address) => void,
  ): { abort(): void } {
    const [address] = opening.addresses();
    let isOver = false;
    const end = (act: () => void): void => {
      if (isOver) return;
      isOver = true;
      act();
    };
    void this.#open(opening, address).then(
      ({ session, cancel }) => {
        if (isOver) session.socket.destroy();
        else end(() => loggedIn(session, cancel));
      },
      (error: unknown) => end(() => failed({ ...reportOf(error), severity: 'FATAL' }, address)),
    );
    return {
      abort: () =>
        end(() => failed({ severity: 'FATAL', sqlstate: '08001', message: 'the login at IRIS timed out' }, address)),
    };
  }

  async close(): Promise<void> {
    for (const each of await Promise.allSettled(this.#databases.values()))
      if (each.status === 'fulfilled') await each.value.close();
    await Promise.all([...this.#bridges.values()].map((bridge) => bridge.close()));
  }

  #bridgeOf({ jars, java, heapMb }: IrisUpstreamConfig): JdbcBridge {
    const key = JSON.stringify([jars, java, heapMb]);
    const bridge = this.#bridges.get(key) ?? new JdbcBridge({ jars, heapMb, ...(java !== undefined && { java }) });
    this.#bridges.set(key, bridge);
    return bridge;
  }

  async #open(
    { upstream, name, database, credentials }: IrisOpening,
    address: Address,
  ): Promise<{ session: LoggedIn; cancel: Cancel }> {
    const iris = await this.#databaseOf(upstream, database);
    const { user, secret } = credentials;
    if (secret.kind !== 'password') {
      const message = 'IRIS takes a password only, and there is none for this user';
      throw new SqlFailure(message, { sqlstate: '28P01', isFatal: true });
    }
    const { password } = secret;
    const opened = await iris.open({ user, password, database: name.database });
    const { stream, processId } = opened;
    const session: LoggedIn = {
      // The stream has everything that a backend uses of a socket.
      socket: stream as unknown as Socket,
      parameters: new Map(stream.parameters),
      key: { processId: Number(processId), secretKey: Buffer.alloc(0) },
      address,
      translationTimes: stream.translationTimes,
    };
    return { session, cancel: (done) => void opened.cancel().then(done, done) };
  }

  async #databaseOf(upstream: UpstreamConfig, database: string): Promise<IrisDatabase> {
    const key = JSON.stringify([upstream, database]);
    const known = this.#databases.get(key);
    if (known !== undefined) return known;
    const made = this.#load(upstream, database);
    this.#databases.set(key, made);
    // A driver that could not be loaded may be there at the next login.
    made.catch(() => this.#databases.delete(key));
    return made;
  }

  async #load({ host, port, iris }: UpstreamConfig, database: string): Promise<IrisDatabase> {
    if (iris === undefined) throw new Error('upstreams.<name>.iris is missing');
    const { analyser, now, irisDriver } = this.#options;
    const url = iris.url
      .replaceAll('{host}', host)
      .replaceAll('{port}', String(port))
      .replaceAll('{database}', database);
    const { properties, version, schemas, hazards, skipped, normalised, tablesMs, lockTimeoutMs } = iris;
    const driver = irisDriver?.(url, iris) ?? new JdbcDriver({ bridge: this.#bridgeOf(iris), url, properties });
    return IrisDatabase.load({
      driver,
      analyser,
      now,
      version,
      schemas,
      hazards,
      skipped,
      normalised,
      tablesMs,
      lockTimeoutMs,
      isOrderKept: iris.keepNullOrder,
    });
  }
}
