import { Client, ResultCodeError, SizeLimitExceededError } from 'ldapts';
import { isIP } from 'node:net';
import { ldapUnavailable } from './errors.ts';
import { bindName, escapeFilter } from './names.ts';

export interface LdapSettings {
  /** `ldap://host:port` or `ldaps://host:port`, tried in order; one that does not answer is tried last from then on. */
  readonly urls: readonly string[];
  readonly startTls: boolean;
  /** Certificate authorities (PEM); the system's when absent. */
  readonly ca?: Buffer | undefined;
  /** Simple bind: the DN or name to bind as, with a `{user}` placeholder. */
  readonly bind?: string | undefined;
  /** Search and bind: `filter`, with a `{user}` placeholder, must find exactly one entry. */
  readonly search?: {
    readonly base: string;
    readonly filter: string;
    /** The DN to search as; anonymous when empty. */
    readonly bindAs: string;
    readonly password: string;
  };
  /** Maximum wait for an answer, and for a connection while `connectionsMax` are in use. */
  readonly timeoutMs: number;
  readonly connectionsMax: number;
}

/** Result codes of a bind that mean a wrong user or password, not a failure of the server. */
const wrong: ReadonlySet<number> = new Set([
  19, // constraintViolation: account locked, in some directories
  32, // noSuchObject
  34, // invalidDNSyntax
  48, // inappropriateAuthentication: an entry without a password
  49, // invalidCredentials
  50, // insufficientAccessRights
  53, // unwillingToPerform: account disabled
]);

/** Checks passwords with an LDAP directory. Each check has a connection of its own, as a bind changes its identity. */
export class LdapDirectory {
  readonly #settings: LdapSettings;
  /** In the order in which they are tried. */
  #urls: readonly string[];
  /** Connections in use, and calls that wait for one. */
  #inUse = 0;
  readonly #waiting = new Set<() => void>();

  constructor(settings: LdapSettings) {
    this.#settings = settings;
    this.#urls = settings.urls;
  }

  /** Whether the password is right. @throws CodedError LDAP_UNAVAILABLE no server answered, or no connection came free in time */
  async isRight(user: string, password: string): Promise<boolean> {
    // A bind with an empty password succeeds as an unauthenticated one (RFC 4513, section 5.1.2) and proves nothing.
    if (user === '' || password === '') return false;
    await this.#takePlace();
    try {
      return await this.#tryAll(user, password);
    } finally {
      // Passes the connection's place to the next waiting call.
      const [next] = this.#waiting;
      if (next === undefined) this.#inUse--;
      else next();
    }
  }

  /** Waits for a place. @throws CodedError LDAP_UNAVAILABLE none came free within `timeoutMs` */
  #takePlace(): Promise<void> {
    const { connectionsMax, timeoutMs } = this.#settings;
    if (this.#inUse < connectionsMax) {
      this.#inUse++;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(next);
        reject(ldapUnavailable(`all ${connectionsMax} connections are in use`));
      }, timeoutMs);
      const next = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(next);
        resolve();
      };
      this.#waiting.add(next);
    });
  }

  async #tryAll(user: string, password: string): Promise<boolean> {
    const failures: string[] = [];
    for (const url of this.#urls) {
      try {
        return await this.#checkAt(url, user, password);
      } catch (error) {
        failures.push(`${url}: ${nameOfError(error)}`);
        this.#urls = [...this.#urls.filter((other) => other !== url), url];
      }
    }
    throw ldapUnavailable(failures.join('; '));
  }

  async #checkAt(url: string, user: string, password: string): Promise<boolean> {
    const { startTls, timeoutMs } = this.#settings;
    const tlsOptions = this.#tlsOptions(url);
    const client = new Client({
      url,
      timeout: timeoutMs,
      connectTimeout: timeoutMs,
      strictDN: false,
      ...(url.startsWith('ldaps:') && { tlsOptions }),
    });
    try {
      if (startTls) await client.startTLS(tlsOptions);
      const name = await this.#nameOf(client, user);
      // A bind with an empty name is anonymous and succeeds with any password.
      return name !== undefined && name !== '' && (await isBound(client, name, password));
    } finally {
      await client.unbind().catch(() => undefined);
    }
  }

  /** The DN of the user; undefined if the search finds no entry or several. */
  async #nameOf(client: Client, user: string): Promise<string | undefined> {
    const { bind, search } = this.#settings;
    if (search === undefined) return bindName(bind ?? '', user);
    if (search.bindAs !== '') await client.bind(search.bindAs, search.password);
    const filter = search.filter.replaceAll('{user}', () => escapeFilter(user));
    try {
      const { searchEntries } = await client.search(search.base, {
        scope: 'sub',
        filter,
        attributes: ['1.1'],
        sizeLimit: 2,
      });
      return searchEntries.length === 1 ? searchEntries[0]?.dn : undefined;
    } catch (error) {
      if (error instanceof SizeLimitExceededError) return undefined;
      throw error;
    }
  }

  #tlsOptions(url: string): { host: string; servername?: string; ca?: Buffer } {
    const { ca } = this.#settings;
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
    return { host, ...(isIP(host) === 0 && { servername: host }), ...(ca !== undefined && { ca }) };
  }
}

async function isBound(client: Client, name: string, password: string): Promise<boolean> {
  try {
    await client.bind(name, password);
    return true;
  } catch (error) {
    if (error instanceof ResultCodeError && wrong.has(error.code)) return false;
    throw error;
  }
}

/** Names an error by its code only: the text of a server may quote its input. */
function nameOfError(error: unknown): string {
  if (error instanceof ResultCodeError) return `${error.name} (${error.code})`;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'no answer, or none that was understood';
}
