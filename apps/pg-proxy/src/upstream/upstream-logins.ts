import type { ClientKeys } from '@medrex/pg-wire';
import type { PoolName } from '@medrex/pool';
import type { LoadedConfig } from '../config/load-config.ts';
import { databaseOf } from '../config/scopes.ts';
import type { KeysOf, LoginWay } from './backend-login.ts';
import type { Address } from './connect.ts';
import type { Credentials } from './credentials.ts';

/** Keys of passwords, and secrets that are remembered; there are few upstreams and users. */
const rememberedMax = 1_000;

/** Where upstreams are, and with what the proxy logs in there. */
export class UpstreamLogins {
  #loaded: LoadedConfig;
  /** What users have shown at their own login, for upstreams where they log in as themselves. */
  readonly #shown = new Map<string, Credentials['secret']>();
  readonly #keys = new Map<string, ClientKeys>();
  /** Of pools whose clients a RELOAD has mapped to somebody else. */
  readonly #used = new Map<string, Credentials>();

  constructor(loaded: LoadedConfig) {
    this.#loaded = loaded;
  }

  reload(loaded: LoadedConfig): void {
    this.#loaded = loaded;
  }

  /** A user has logged in with this. */
  shown(user: string, secret: Credentials['secret']): void {
    this.#shown.set(user, secret);
  }

  /** The name of a pool's database at its upstream. */
  databaseOf({ database }: PoolName): string {
    return databaseOf(this.#loaded.config, database)?.database.database ?? database;
  }

  addressOf(upstream: string): Address {
    const { config, authorities, certificates } = this.#loaded;
    const known = config.upstreams[upstream] ?? { host: '127.0.0.1', port: 0, tls: 'disable' as const };
    const { host, port, tls } = known;
    return { host, port, tls, authorities: authorities.get(upstream), own: certificates.get(upstream) };
  }

  /** The pool of a user's clients, where they are at home. */
  nameOf(upstream: string, database: string, user: string): PoolName {
    const key = databaseOf(this.#loaded.config, database)?.key ?? database;
    const upstreamUser = this.#loaded.identities.find(user, database, key)?.as ?? user;
    return { upstream, database, user, upstreamUser };
  }

  /** How the backends of a pool log in. */
  loginOf(name: PoolName): LoginWay {
    return {
      address: this.addressOf(name.upstream),
      database: this.databaseOf(name),
      credentials: this.#credentialsOf(name),
      keysOf: this.keysOf,
    };
  }

  #credentialsOf(name: PoolName): Credentials {
    const { database, user, upstreamUser } = name;
    const known = databaseOf(this.#loaded.config, database);
    const identity = this.#loaded.identities.find(user, database, known?.key ?? database);
    const key = JSON.stringify([name.upstream, database, user, upstreamUser]);
    if ((identity?.as ?? user) !== upstreamUser)
      return this.#used.get(key) ?? { user: upstreamUser, secret: { kind: 'none' } };
    const password = identity?.password?.reveal();
    const secret =
      identity === undefined
        ? this.#ownSecret(user)
        : password === undefined
          ? (this.#fileSecret(upstreamUser) ?? { kind: 'none' as const })
          : { kind: 'password' as const, password };
    const credentials = { user: upstreamUser, secret };
    if (this.#used.size >= rememberedMax) this.#used.clear();
    this.#used.set(key, credentials);
    return credentials;
  }

  /** Deriving keys takes most of a login; they are the same for the same password and salt. */
  readonly keysOf: KeysOf = (password, salt, iterations, make) => {
    const key = JSON.stringify([password, salt.toString('base64'), iterations]);
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    if (this.#keys.size >= rememberedMax) this.#keys.clear();
    const made = make();
    this.#keys.set(key, made);
    return made;
  };

  #ownSecret(user: string): Credentials['secret'] {
    return this.#fileSecret(user) ?? this.#shown.get(user) ?? { kind: 'none' };
  }

  /** The file of users knows those of the upstream, too. */
  #fileSecret(user: string): Credentials['secret'] | undefined {
    const secret = this.#loaded.users.get(user);
    if (secret?.kind === 'plain') return { kind: 'password', password: secret.password };
    return secret?.kind === 'md5' ? { kind: 'md5', stored: secret.stored } : undefined;
  }
}
