import type { ClientKeys } from '@medrex/pg-wire';
import { nameKey, type PoolName } from '@medrex/pool';
import type { LoadedConfig } from '../config/load-config.ts';
import { databaseOf } from '../config/scopes.ts';
import type { KeysOf, LoginWay } from './backend-login.ts';
import type { Address } from './connect.ts';
import type { Credentials } from './credentials.ts';

/** Keys of passwords, and secrets that are remembered; there are few upstreams and users. */
const rememberedMax = 1_000;

type Mapping = Pick<LoadedConfig, 'config' | 'identities'>;

/** The pool of a user's clients at an upstream: all whom the configuration lets in there as the same user, with the same secret, have one. */
export function poolNameOf(loaded: Mapping, upstream: string, database: string, user: string): PoolName {
  const key = keyOf(loaded, database);
  const identity = loaded.identities.find(user, database, key);
  if (identity === undefined) return { upstream, database, user, secret: 'own' };
  const { as, password } = identity;
  const secret = loaded.identities.secretsOf(as, database, key).indexOf(password?.reveal());
  return { upstream, database, user: as, secret };
}

function keyOf({ config }: Mapping, database: string): string {
  return databaseOf(config, database)?.key ?? database;
}

/** Where upstreams are, and with what the proxy logs in there. */
export class UpstreamLogins {
  #loaded: LoadedConfig;
  /** What users have shown at their own login, for upstreams where they log in as themselves. */
  readonly #shown = new Map<string, Credentials['secret']>();
  readonly #keys = new Map<string, ClientKeys>();
  /** Of pools to which a RELOAD has left no other way in than the one they came by. */
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
    return poolNameOf(this.#loaded, upstream, database, user);
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
    const { database, user, secret } = name;
    if (secret === 'own') return { user, secret: this.#ownSecret(user) };
    const key = nameKey(name);
    const secrets = this.#loaded.identities.secretsOf(user, database, keyOf(this.#loaded, database));
    if (secret >= secrets.length) return this.#used.get(key) ?? { user, secret: { kind: 'none' } };
    const password = secrets[secret];
    const credentials: Credentials = {
      user,
      secret: password === undefined ? (this.#fileSecret(user) ?? { kind: 'none' }) : { kind: 'password', password },
    };
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
