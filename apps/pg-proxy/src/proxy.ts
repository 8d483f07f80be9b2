import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { WireFault } from '@medrex/pg-wire';
import { SqlAnalyser } from '@medrex/sql';
import type { LoadedConfig } from './config/load-config.ts';
import { pgProxyError } from './errors.ts';
import { Arrival, type Reception, type TlsForClients } from './login/arrival.ts';
import { ClientAuth, type AuthMethod } from './login/client-auth.ts';
import { endPointOf, firstCertificate } from './login/end-point.ts';
import type { RequestObserver } from './session/request.ts';
import { PoolHost, type HostEvents } from './upstream/pool-host.ts';
import { Welcome } from './welcome.ts';

/** How exact the timeouts of the pools are. */
const tickMs = 100;
/** How often it is looked whether a drained proxy is empty. */
const drainLookMs = 50;

export interface ProxyEvents extends HostEvents {
  refused(fault: WireFault): void;
}

export interface PgProxyOptions {
  readonly loaded: LoadedConfig;
  readonly events: ProxyEvents;
  readonly now: () => number;
  readonly jitter: () => number;
  /** RELOAD at the console. @throws CodedError PG_PROXY_CONFIG, POOL_SETTINGS_UNUSABLE */
  readonly reload: () => void;
  /** Told of every request; undefined: nobody is, and it costs nothing. */
  readonly observer?: RequestObserver | undefined;
}

/** The proxy: listens, lets clients in, and gives them backends. */
export class PgProxy {
  readonly host: PoolHost;
  readonly #welcome: Welcome;
  readonly #server: Server;
  readonly #arrivals = new Set<Arrival>();
  readonly #mockSecret = randomBytes(32);
  readonly #events: ProxyEvents;
  #loaded: LoadedConfig;
  #reception: Reception;
  #ticker: NodeJS.Timeout | undefined;

  private constructor({ loaded, events, now, jitter, reload, observer }: PgProxyOptions, analyser: SqlAnalyser) {
    this.#loaded = loaded;
    this.#events = events;
    this.host = new PoolHost({ loaded, events, now, jitter });
    this.#welcome = new Welcome({ host: this.host, loaded, analyser, reload, observer });
    this.#reception = this.#receptionOf(loaded);
    this.#server = createServer({ noDelay: true, allowHalfOpen: false }, (socket) => this.#accept(socket));
  }

  /** @throws CodedError PG_PROXY_LISTEN, PG_PROXY_CONFIG */
  static async start(options: PgProxyOptions): Promise<PgProxy> {
    const proxy = new PgProxy(options, await SqlAnalyser.load());
    await proxy.#listen();
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get arrivals(): number {
    return this.#arrivals.size;
  }

  /** Another configuration, for all or for none; nobody is dropped. @throws CodedError PG_PROXY_CONFIG, POOL_SETTINGS_UNUSABLE */
  reload(loaded: LoadedConfig): void {
    const reception = this.#receptionOf(loaded);
    this.host.reload(loaded);
    this.#welcome.reload(loaded);
    this.#loaded = loaded;
    this.#reception = reception;
  }

  /** Takes nobody in any more, lets each client go at the end of its transaction, and ends what is left after a while. */
  async close(patienceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const arrival of this.#arrivals) arrival.close();
    this.#welcome.closeConsoles();
    this.host.pools.drain({}, this.host.now());
    const endMs = this.host.now() + patienceMs;
    while (!this.host.pools.isQuiet({}) && this.host.now() < endMs)
      await new Promise((resolve) => setTimeout(resolve, drainLookMs));
    this.host.pools.kill({}, this.host.now());
    for (const { handle } of this.host.pools.backends()) handle?.socket.destroy();
    clearInterval(this.#ticker);
    await closed;
  }

  async #listen(): Promise<void> {
    const { host, port } = this.#loaded.config.listen;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        reject(pgProxyError('PG_PROXY_LISTEN', `port ${port} of ${host} cannot be listened on`, { cause }));
      });
      this.#server.listen({ host, port, backlog: 1_024 }, resolve);
    });
    this.#ticker = setInterval(() => this.host.pools.tick(this.host.now()), tickMs);
  }

  #accept(socket: Socket): void {
    this.#arrivals.add(new Arrival(socket, this.#reception));
  }

  #receptionOf(loaded: LoadedConfig): Reception {
    const { config, users } = loaded;
    return {
      tls: tlsOf(loaded),
      loginTimeoutMs: config.loginTimeoutMs,
      authOf: (user, tls) =>
        new ClientAuth({
          ...{ method: config.auth.method as AuthMethod, user, secret: users.get(user) },
          ...{ isEncrypted: tls !== undefined, endPoint: tls?.endPoint },
          ...{ nonce: randomBytes(18).toString('base64'), salt: randomBytes(4), mockSecret: this.#mockSecret },
        }),
      cancel: (request) => this.host.cancelBy(request),
      enter: (newcomer) => this.#welcome.enter(newcomer),
      done: (arrival) => this.#arrivals.delete(arrival),
      refused: (fault) => this.#events.refused(fault),
    };
  }
}

function tlsOf({ config, certificate }: LoadedConfig): TlsForClients | undefined {
  if (certificate === undefined) return undefined;
  try {
    return {
      context: createSecureContext({ ...certificate, minVersion: 'TLSv1.2' }),
      endPoint: endPointOf(firstCertificate(certificate.cert)),
      isRequired: config.listen.tls?.mode === 'require',
    };
  } catch (cause) {
    throw pgProxyError('PG_PROXY_CONFIG', `listen.tls: ${(cause as Error).message}`, { cause });
  }
}
