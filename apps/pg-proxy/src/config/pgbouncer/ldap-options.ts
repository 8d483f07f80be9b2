import { readParameters } from './ini-file.ts';

/** LDAP options in PostgreSQL's and PgBouncer's notation, translated. */
export interface LdapReading {
  readonly ldap: Record<string, unknown> | undefined;
  /** The password for searching. */
  readonly password: string | undefined;
  readonly problem?: string;
  readonly notes: readonly string[];
}

const knownOptions: ReadonlySet<string> = new Set([
  ...['ldapurl', 'ldapserver', 'ldapport', 'ldapscheme', 'ldaptls', 'ldapprefix', 'ldapsuffix'],
  ...['ldapbasedn', 'ldapbinddn', 'ldapbindpasswd', 'ldapsearchattribute', 'ldapsearchfilter'],
]);
const urlPattern = /^(ldaps?):\/\/([^/?]*)(?:\/([^?]*)(?:\?([^?]*)(?:\?([^?]*)(?:\?(.*))?)?)?)?$/;

/** @param text `auth_ldap_options`, or the options of a line of pg_hba.conf */
export function readLdapOptions(text: string): LdapReading {
  const options = readParameters(text, 'options');
  const failed = (problem: string): LdapReading => ({ ldap: undefined, password: undefined, problem, notes: [] });
  if (options === undefined) return failed('is not valid');
  const unknown = [...options.keys()].find((name) => !knownOptions.has(name));
  if (unknown !== undefined) return failed(`${unknown} is not supported`);
  const url = options.get('ldapurl');
  if (url !== undefined && !addUrl(url, options))
    return failed('ldapurl is not valid, or does not search the whole subtree');
  const urls = urlsOf(options);
  if (urls.length === 0) return failed('no server is named');
  const password = options.get('ldapbindpasswd');
  const startTls = options.get('ldaptls') === '1';
  const isPlain = !startTls && options.get('ldapscheme') !== 'ldaps';
  const base = options.get('ldapbasedn');
  return {
    ldap: {
      urls,
      startTls,
      allowPlain: isPlain,
      ...(base === undefined ? { bind: bindOf(options) } : { search: searchOf(base, options) }),
    },
    password,
    notes: isPlain ? ['sends passwords to the directory unencrypted; set ldaptls=1 or ldapscheme=ldaps'] : [],
  };
}

function bindOf(options: ReadonlyMap<string, string>): string {
  return `${options.get('ldapprefix') ?? ''}{user}${options.get('ldapsuffix') ?? ''}`;
}

function searchOf(base: string, options: ReadonlyMap<string, string>): Record<string, string> {
  const attribute = options.get('ldapsearchattribute') ?? 'uid';
  const filter = options.get('ldapsearchfilter') ?? `(${attribute}=$username)`;
  return { base, filter: filter.replaceAll('$username', '{user}'), bindAs: options.get('ldapbinddn') ?? '' };
}

function urlsOf(options: ReadonlyMap<string, string>): string[] {
  const scheme = options.get('ldapscheme') ?? 'ldap';
  const port = options.get('ldapport');
  const servers = (options.get('ldapserver') ?? '').split(/\s+/).filter((server) => server !== '');
  return servers.map((server) => `${scheme}://${server}${port === undefined ? '' : `:${port}`}`);
}

/** False: malformed. The scope must be the whole subtree, or absent. */
function addUrl(url: string, options: Map<string, string>): boolean {
  const [, scheme, server, encodedBase = '', attribute = '', scope = '', encodedFilter = ''] =
    urlPattern.exec(url) ?? [];
  const [base, filter] = [decoded(encodedBase), decoded(encodedFilter)];
  if (scheme === undefined || server === undefined || base === undefined || filter === undefined) return false;
  if (!['', 'sub'].includes(scope)) return false;
  options.set('ldapscheme', scheme);
  options.set('ldapserver', server);
  if (base !== '') options.set('ldapbasedn', base);
  if (attribute !== '') options.set('ldapsearchattribute', attribute);
  if (filter !== '') options.set('ldapsearchfilter', filter);
  return true;
}

/** Undefined: a `%` does not start a valid encoding. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
