import { Client, ResultCodeError, SizeLimitExceededError } from 'ldapts';
import { isIP } from 'node:net';
import { ldapUnavailable } from './errors.ts';
import { bindName, escapeFilter } from './names.ts';

export interface LdapSettings {
  /** `ldap://host:port` or `ldaps://host:port`; the first that answers counts, and one that has not is asked last from then on. */
  readonly urls: readonly string[];
  readonly startTls: boolean;
  /** Authorities of the servers, PEM; those of the system when absent. */
  readonly ca?: Buffer | undefined;
  /** Simple bind: the name, with `{user}` in it. */
  readonly bind?: string | undefined;
  /** Search and bind: `filter` with `{user}` in it must find one entry. */
  readonly search?: {
    readonly base: string;
    readonly filter: string;
    /** Who searches; nobody when empty. */
    readonly bindAs: string;
    readonly password: string;
  };
  /** Longest wait for one answer, and for a connection while `connectionsMax` are in use. */
  readonly timeoutMs: number;
  readonly connectionsMax: number;
}

/** Results of a bind that say something about the user, not about the server. */
const wrong: ReadonlySet<number> = new Set([
  19, // constraintViolation: locked, as some directories say it
  32, // noSuchObject
  34, // invalidDNSyntax
  48, // inappropriateAuthentication: an entry without a password
  49, // invalidCredentials
  50, // insufficientAccessRights
  53, // unwillingToPerform: disabled
]);

/** Asks a directory whether a password is right, each time on a connection of its own: what was bound there is nobody else's. */
export class LdapDirectory {
  readonly #settings: LdapSettings;
  /** In the order in which they are asked. */
  #urls: readonly string[];
  /** Connections that are in use, and who waits for one. */
  #inUse = 0;
  readonly #waiting = new Set<() => void>();

  constructor(settings: LdapSettings) {
    this.#settings = settings;
    this.#urls = settings.urls;
  }

  /** @throws CodedError LDAP_UNAVAILABLE when no server can say */
  async isRight(user: string, password: string): Promise<boolean> {
    // Directories let in whoever gives no password, as nobody in particular: it proves nothing.
    if (user === '' || password === '') return false;
    await this.#turn();
    try {
      return await this.#askAny(user, password);
    } finally {
      // The place goes to the next in line without ever being free.
      const [next] = this.#waiting;
      if (next === undefined) this.#inUse--;
      else next();
    }
  }

  /** @throws CodedError LDAP_UNAVAILABLE when nothing came free for so long: whoever wants in has gone, or soon will */
  #turn(): Promise<void> {
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

  async #askAny(user: string, password: string): Promise<boolean> {
    const failures: string[] = [];
    for (const url of this.#urls) {
      try {
        return await this.#ask(url, user, password);
      } catch (error) {
        failures.push(`${url}: ${saidBy(error)}`);
        this.#urls = [...this.#urls.filter((other) => other !== url), url];
      }
    }
    throw ldapUnavailable(failures.join('; '));
  }

  async #ask(url: string, user: string, password: string): Promise<boolean> {
    const { startTls, timeoutMs } = this.#settings;
    const tlsOptions = this.#tlsOptions(url);
    const client = new Client({
      ...{ url, timeout: timeoutMs, connectTimeout: timeoutMs, strictDN: false },
      ...(url.startsWith('ldaps:') && { tlsOptions }),
    });
    try {
      if (startTls) await client.startTLS(tlsOptions);
      const name = await this.#nameOf(client, user);
      // A bind with no name is one as nobody, whatever the password.
      return name !== undefined && name !== '' && (await isBound(client, name, password));
    } finally {
      await client.unbind().catch(() => undefined);
    }
  }

  /** The name to bind as; undefined where no entry, or more than one, is this user's. */
  async #nameOf(client: Client, user: string): Promise<string | undefined> {
    const { bind, search } = this.#settings;
    if (search === undefined) return bindName(bind ?? '', user);
    if (search.bindAs !== '') await client.bind(search.bindAs, search.password);
    const filter = search.filter.replaceAll('{user}', () => escapeFilter(user));
    try {
      const { searchEntries } = await client.search(search.base, {
        ...{ scope: 'sub', filter, attributes: ['1.1'], sizeLimit: 2 },
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

/** Codes say enough; what a server writes may quote what it was given. */
function saidBy(error: unknown): string {
  if (error instanceof ResultCodeError) return `${error.name} (${error.code})`;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'no answer, or none that was understood';
}
