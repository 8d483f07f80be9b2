import { isOwnPeer, unixPeer } from '@medrex/linux';
import type { WireFault } from '@medrex/pg-wire';
import { queryLimits } from '../config/auth-config.ts';
import { databaseOf } from '../config/scopes.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { consoleDatabase, hasConsole } from '../admin/show-pgbouncer.ts';
import type { UserSecret } from '../config/user-file.ts';
import { SecretQueries } from '../upstream/secret-queries.ts';
import type { UpstreamLogins } from '../upstream/upstream-logins.ts';
import type { LoginRequest, ClientTls } from './login-context.ts';
import { AuthRules, type AuthRequirement } from './auth-rules.ts';
import { ClientAuth, type DirectoryCheck, type ClientAuthOptions } from './client-auth.ts';
import { randomBytesOf } from '../random-bytes.ts';
import { unixAddress } from './unix-socket.ts';
import { UserSecrets } from './user-secrets.ts';

/** Methods for which the user need not be known here. */
const methodsWithoutUser: ReadonlySet<AuthRequirement['method']> = new Set(['ldap', 'any', 'owner']);

/** For SCRAM and for md5. */
const [nonceBytes, saltBytes] = [18, 4];

export interface AuthenticatorOptions {
  readonly loaded: LoadedConfig;
  readonly upstreams: UpstreamLogins;
  readonly directory: DirectoryCheck | undefined;
  readonly now: () => number;
  /** It could not be found out whether a user exists. */
  readonly failed: (error: Error) => void;
  /** Whether this database is closed by DISABLE. */
  readonly isDisabled: (database: string) => boolean;
  /** Two random secrets of this process. */
  readonly salt: Uint8Array;
  readonly mockSecret: Uint8Array;
}

/** Decides how each client must authenticate. There is one for each configuration. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #rules: AuthRules;
  readonly #queries: SecretQueries | undefined;
  readonly #secrets: UserSecrets;

  constructor(options: AuthenticatorOptions) {
    const { loaded, upstreams, salt, now, failed, isDisabled } = options;
    const { auth, databases } = loaded.config;
    const isAsked = auth.query !== undefined || Object.values(databases).some((one) => one.authQuery !== undefined);
    const queries = isAsked ? new SecretQueries(loaded, upstreams, salt, isDisabled) : undefined;
    const { max } = auth.query ?? queryLimits;
    this.#options = options;
    this.#rules = new AuthRules(loaded.config.auth);
    this.#queries = queries;
    this.#secrets = new UserSecrets({
      users: loaded.users,
      now,
      failed,
      query: queries && {
        max,
        ask: (user, database) => queries.query(user, database),
        keyOf: (database) => queries.keyOf(database),
        ttlMsOf: (database) => queries.ttlMsOf(database),
      },
    });
  }

  authOf(request: LoginRequest, tls: ClientTls | undefined, then: (auth: ClientAuth | WireFault) => void): void {
    const { user, database, address, isEncrypted } = request;
    const { method, certificates, peers } = this.#requirementFor(request);
    if (method === 'no rule') return then(hbaRefusal('no pg_hba.conf entry', 'no_rule', request));
    if (method === 'reject') return then(hbaRefusal('pg_hba.conf rejects connection', 'rejected', request));
    if (method === 'any' && this.#usesUnprovenName(user, database)) return then(needsLogin);
    const { loaded, directory, mockSecret } = this.#options;
    const allowsCleartext = isEncrypted || address === unixAddress || loaded.config.auth.allowCleartext;
    const mustBeKnown = this.#mustBeKnown(method, user);
    const common = { method, user, allowsCleartext, directory, mockSecret, mustBeKnown };
    const certificate = { certificateName: request.certificateName, certificates };
    const makeAuth = (
      secret: UserSecret | undefined,
      by: Pick<ClientAuthOptions, keyof typeof certificate> = certificate,
    ): ClientAuth => new ClientAuth({ ...common, ...by, secret, endPoint: tls?.endPoint, ...challenge() });
    const withSecret = (by?: Parameters<typeof makeAuth>[1]): void => {
      if (!mustBeKnown) return then(makeAuth(undefined, by));
      this.#secrets.find(user, database, (found) => then('fault' in found ? found.fault : makeAuth(found.secret, by)));
    };
    if (method === 'peer')
      return this.#findPeer(request, (name) => withSecret({ certificateName: name, certificates: peers }), then);
    withSecret();
  }

  #requirementFor(request: LoginRequest): AuthRequirement {
    return this.#isOwner(request) ? { method: 'owner' } : this.#rules.requirementFor(request);
  }

  /** At the console, as in PgBouncer. */
  #isOwner({ user, database, address, descriptor }: LoginRequest): boolean {
    const { config } = this.#options.loaded;
    const isAsked = address === unixAddress && user === consoleDatabase && database === consoleDatabase;
    if (!isAsked || !config.admin.ownUser || !hasConsole(config, database)) return false;
    try {
      return isOwnPeer(descriptor);
    } catch (error) {
      this.#options.failed(error as Error);
      return false;
    }
  }

  /** Whether the user must be known here. */
  #mustBeKnown(method: AuthRequirement['method'], user: string): boolean {
    const { auth, admin } = this.#options.loaded.config;
    if (method !== 'cert' && method !== 'peer') return !methodsWithoutUser.has(method);
    return auth.onlyKnown && !admin.users.includes(user) && !admin.statsUsers.includes(user);
  }

  #findPeer(
    { descriptor }: LoginRequest,
    found: (name: string | undefined) => void,
    failed: (fault: WireFault) => void,
  ): void {
    unixPeer(descriptor).then(found, (error: unknown) => {
      this.#options.failed(error as Error);
      failed(peerUnknown);
    });
  }

  /** Whether the client would log in at the server under its own name, without having proven it. */
  #usesUnprovenName(user: string, database: string): boolean {
    const { config, identities } = this.#options.loaded;
    const found = databaseOf(config, database);
    return found !== undefined && identities.find(user, database, found.key) === undefined;
  }

  /** A client failed to authenticate. */
  authFailed({ user, database }: LoginRequest): void {
    this.#secrets.authFailed(user, database);
  }

  /** Secrets at the upstreams may have changed. */
  forgetSecrets(): void {
    this.#secrets.forget();
  }

  /** Closes connections to databases that somebody needs without sessions. */
  closeSessionsOf(upstream: string, databases: ReadonlySet<string>): void {
    this.#queries?.closeSessionsOf(upstream, databases);
  }

  close(): void {
    this.#queries?.close();
  }
}

/** Values that nobody can know before they are sent. */
function challenge(): { readonly nonce: string; readonly salt: Buffer } {
  const random = randomBytesOf(nonceBytes + saltBytes);
  return { nonce: random.toString('base64', 0, nonceBytes), salt: random.subarray(nonceBytes) };
}

const peerUnknown: WireFault = {
  sqlstate: '57P03',
  message: 'cannot determine the system user at the other end of the socket',
};

const needsLogin: WireFault = {
  sqlstate: '28000',
  message: 'method any needs a user for the upstream, from the database or from identities',
};

/** In PostgreSQL's words. */
function hbaRefusal(why: string, reason: string, { user, database, address, isEncrypted }: LoginRequest): WireFault {
  const message = `${why} for host "${address === unixAddress ? '[local]' : address}", user "${user}", database "${database}", ${isEncrypted ? 'SSL encryption' : 'no encryption'}`;
  return { sqlstate: '28000', message, reason };
}
