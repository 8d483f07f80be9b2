import { createHash } from 'node:crypto';
import type { ClientKeys } from '@medrex/pg-wire';
import { nameKey, type PoolName } from '@medrex/pool';
import type { LoadedConfig } from '../config/load-config.ts';
import { databaseOf } from '../config/scopes.ts';
import type { KeysOf, UpstreamLogin } from './backend-login.ts';
import type { Addresses } from './connect.ts';
import type { Credentials } from './credentials.ts';
import { HostRotation } from './host-rotation.ts';

/** How many derived keys and secrets are remembered; there are few upstreams and users. */
const rememberedMax = 1_000;

/** Stands for an upstream that a RELOAD has removed. */
const removedUpstream = {
  host: '127.0.0.1',
  port: 0,
  tls: 'disable',
  tlsMinVersion: 'TLSv1.2',
  allowCleartext: false,
  loadBalanceHosts: 'disable',
} as const;

type Mapping = Pick<LoadedConfig, 'config' | 'identities' | 'users'>;
type Secret = Credentials['secret'];

/**
 * The pool of a user's clients at an upstream: all clients that the configuration logs in there as the same user with the same secret share
 * one.
 */
export function poolNameOf(loaded: Mapping, upstream: string, database: string, user: string): PoolName {
  const identity = loaded.identities.find(user, database, keyOf(loaded, database));
  if (identity === undefined) return { upstream, database, user, secret: 'own' };
  const { as, password } = identity;
  // A single secret is not part of the pool's name, so the pool survives a RELOAD that changes it.
  const isOnly = secretsOf(loaded, as, database).length === 1;
  const secret = isOnly ? 'mapped' : secretHash(mappedSecret(loaded, as, password?.reveal()));
  return { upstream, database, user: as, secret };
}

/** The pools of databases that log all clients in as one user. */
export function poolsOfOneUser(loaded: Mapping): readonly PoolName[] {
  return Object.entries(loaded.config.databases).flatMap(([name, { upstream, user }]) =>
    name === '*' || user === undefined ? [] : [poolNameOf(loaded, upstream, name, user)],
  );
}

/** The secrets with which that user logs in for any client of that database, without duplicates. */
function secretsOf(loaded: Mapping, as: string, database: string): readonly Secret[] {
  const passwords = loaded.identities.passwordsOf(as, database, keyOf(loaded, database));
  const secrets = passwords.map((password) => mappedSecret(loaded, as, password));
  return secrets.length === 1 ? secrets : [...new Map(secrets.map((secret) => [secretHash(secret), secret])).values()];
}

function mappedSecret(loaded: Mapping, as: string, password: string | undefined): Secret {
  if (password !== undefined) return { kind: 'password', password };
  return fileSecret(loaded, as) ?? { kind: 'none' };
}

/** The file of users may also contain users of the upstream. */
function fileSecret({ users }: Mapping, user: string): Secret | undefined {
  const secret = users.get(user);
  if (secret?.kind === 'plain') return { kind: 'password', password: secret.password };
  return secret?.kind === 'md5' ? { kind: 'md5', stored: secret.stored } : undefined;
}

function secretHash(secret: Secret): string {
  return createHash('sha256').update(JSON.stringify(secret)).digest('base64url');
}

function keyOf({ config }: Mapping, database: string): string {
  return databaseOf(config, database)?.key ?? database;
}

/** Where upstreams are, and how the proxy logs in there. */
export class UpstreamLogins {
  #loaded: LoadedConfig;
  /**
   * Secrets that users have shown at their own login, for upstreams where they log in as themselves; by upstream and user, and by user
   * alone.
   */
  readonly #clientSecrets = new Map<string, Secret>();
  readonly #keys = new Map<string, ClientKeys>();
  /** Credentials of pools for which a RELOAD has left no others. */
  readonly #lastCredentials = new Map<string, Credentials>();
  readonly #rotation = new HostRotation();

  constructor(loaded: LoadedConfig) {
    this.#loaded = loaded;
  }

  reload(loaded: LoadedConfig): void {
    this.#loaded = loaded;
  }

  /** A user has logged in with this secret, to a database: servers may know users of the same name with other secrets. */
  rememberSecret(user: string, database: string, secret: Secret): void {
    this.#clientSecrets.set(this.#clientSecretKey(user, database), secret);
    this.#clientSecrets.set(user, secret);
  }

  /** The name of a pool's database at its upstream. */
  databaseOf({ database }: Pick<PoolName, 'database'>): string {
    return databaseOf(this.#loaded.config, database)?.database.database ?? database;
  }

  /** The addresses that a new connection tries, in order. @param owner the owner for turn-taking; any name */
  addressesOf(upstream: string, owner = ''): Addresses {
    const { config, authorities, certificates } = this.#loaded;
    const { port, tls, tlsMinVersion, allowCleartext, ...known } = config.upstreams[upstream] ?? removedUpstream;
    const more = {
      port,
      tls,
      tlsMinVersion,
      allowCleartext,
      authorities: authorities.get(upstream),
      clientCertificate: certificates.get(upstream),
    };
    const [first = removedUpstream.host, ...others] = this.#rotation.hostsFor(upstream, known, owner);
    return [{ host: first, ...more }, ...others.map((host) => ({ host, ...more }))];
  }

  /** A pool no longer exists. */
  forget(name: PoolName): void {
    this.#rotation.forget(name.upstream, nameKey(name));
  }

  /** The part of a login way that says where. */
  targetOf(upstream: string, owner = ''): Pick<UpstreamLogin, 'addresses' | 'unreachable'> {
    return {
      addresses: () => this.addressesOf(upstream, owner),
      unreachable: ({ host }) =>
        this.#rotation.failed(upstream, this.#loaded.config.upstreams[upstream] ?? removedUpstream, host),
    };
  }

  /** The pool of a user's clients at their database's own upstream. */
  nameOf(upstream: string, database: string, user: string): PoolName {
    return poolNameOf(this.#loaded, upstream, database, user);
  }

  /** How the backends of a pool log in. */
  loginOf(name: PoolName): UpstreamLogin {
    return {
      ...this.targetOf(name.upstream, nameKey(name)),
      database: this.databaseOf(name),
      credentials: this.#credentialsOf(name),
      keysOf: this.keysOf,
    };
  }

  #credentialsOf(name: PoolName): Credentials {
    const { database, user, secret: mark } = name;
    if (mark === 'own') return { user, secret: this.#ownSecret(user, database) };
    const key = nameKey(name);
    const secrets = secretsOf(this.#loaded, user, database);
    const isOnly = mark === 'mapped' && secrets.length === 1;
    const secret = isOnly ? secrets[0] : secrets.find((one) => secretHash(one) === mark);
    if (secret === undefined) return this.#lastCredentials.get(key) ?? { user, secret: { kind: 'none' } };
    const credentials = { user, secret };
    if (this.#lastCredentials.size >= rememberedMax) this.#lastCredentials.clear();
    this.#lastCredentials.set(key, credentials);
    return credentials;
  }

  /** Deriving keys takes most of a login's time; they are the same for the same password and salt. */
  readonly keysOf: KeysOf = (password, salt, iterations, make) => {
    const key = JSON.stringify([password, salt.toString('base64'), iterations]);
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    if (this.#keys.size >= rememberedMax) this.#keys.clear();
    const made = make();
    this.#keys.set(key, made);
    return made;
  };

  #ownSecret(user: string, database: string): Secret {
    const rememberSecret =
      this.#clientSecrets.get(this.#clientSecretKey(user, database)) ?? this.#clientSecrets.get(user);
    return fileSecret(this.#loaded, user) ?? rememberSecret ?? { kind: 'none' };
  }

  /** No name contains a NUL. */
  #clientSecretKey(user: string, database: string): string {
    return `${databaseOf(this.#loaded.config, database)?.database.upstream ?? ''}\0${user}`;
  }
}
