import { unixAddress } from '../../login/unix-socket.ts';

/** A rule of the configuration, from a line of a file in pg_hba.conf's format. */
export interface HbaRule {
  readonly databases?: readonly string[];
  readonly users?: readonly string[];
  readonly addresses?: readonly string[];
  readonly tls?: boolean;
  readonly method: string;
  readonly certificates?: CertificateMap;
  readonly peers?: CertificateMap;
}

/** Names in certificates, or of operating system users, and the users as which they may log in. */
type CertificateMap = readonly { readonly name: string; readonly user?: string }[];

export interface HbaReading {
  readonly rules: readonly HbaRule[];
  /** The options of lines with method ldap. */
  readonly ldap: readonly { readonly options: string; readonly line: number }[];
  readonly problems: readonly string[];
}

const methods: Readonly<Record<string, string>> = {
  trust: 'trust',
  reject: 'reject',
  md5: 'md5',
  'scram-sha-256': 'scram-sha-256',
  password: 'password',
  plain: 'password',
  cert: 'cert',
  ldap: 'ldap',
  peer: 'peer',
};
const types: Readonly<Record<string, boolean | undefined>> = {
  local: undefined,
  host: undefined,
  hostssl: true,
  hostnossl: false,
};
/** All clients that come by TCP. */
const allAddresses = ['0.0.0.0/0', '::/0'];
/** A name in quotes, or a list that goes on, with spaces or without. */
const quotedOrComma = /("(?:[^"]|"")*")|\s*,\s*/g;
const comment = /(^|\s)#.*$/;
const token = /"(?:[^"]|"")*"(?:,"(?:[^"]|"")*"|,[^\s,"]+)*|[^\s"]+(?:"[^"]*")?/g;

/**
 * Reads as much as PgBouncer does; what would mean something else is a problem and yields no rule.
 *
 * @param maps from a file in pg_ident.conf's format
 */
export function readHba(text: string, maps: ReadonlyMap<string, CertificateMap> = new Map()): HbaReading {
  const [rules, ldap, problems]: [HbaRule[], { options: string; line: number }[], string[]] = [[], [], []];
  text.split(/\r?\n/).forEach((content, index) => {
    const line = index + 1;
    const normalised = content.replace(comment, '').replaceAll(quotedOrComma, (_, quoted?: string) => quoted ?? ',');
    const words = normalised.match(token) ?? [];
    if (words.length === 0) return;
    const [type = '', databases = '', ...others] = words;
    // Replication connections are refused, whatever a line says about them.
    const items = itemsOf(databases).filter((item) => item !== 'replication');
    if (items.length === 0 && databases !== '') return;
    const read = readLine([type, items.join(','), ...others], maps);
    if (typeof read === 'string') return void problems.push(`line ${line}: ${read}`);
    rules.push(read.rule);
    if (read.rule.method === 'ldap') ldap.push({ options: read.options, line });
  });
  return { rules, ldap, problems };
}

/** Maps from a file in pg_ident.conf's format, by name: lines of map, name in a certificate, and user or `all`. */
export function readIdent(text: string): { maps: Map<string, CertificateMap>; problems: readonly string[] } {
  const maps = new Map<string, CertificateMap>();
  const problems: string[] = [];
  text.split(/\r?\n/).forEach((content, index) => {
    const words: readonly string[] = content.replace(comment, '').match(/"(?:[^"]|"")*"|[^\s"]+/g) ?? [];
    const [map = '', name = '', user = ''] = words;
    if (words.length === 0) return;
    // Regular expressions and groups, which PgBouncer does not read either.
    if (words.length !== 3 || name.startsWith('/') || /^[+/]/.test(user))
      return void problems.push(`line ${index + 1}: is not of the form map, name, user`);
    const one = { name: unquoted(name), ...(user !== 'all' && { user: unquoted(user) }) };
    maps.set(map, [...(maps.get(map) ?? []), one]);
  });
  return { maps, problems };
}

const unquoted = (word: string): string => (word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word);

function readLine(
  [type = '', databases = '', users = '', ...more]: readonly string[],
  maps: ReadonlyMap<string, CertificateMap>,
): { rule: HbaRule; options: string } | string {
  if (!Object.hasOwn(types, type)) return `${type} is not a connection type`;
  const isLocal = type === 'local';
  const [address = '', ...rest] = isLocal ? [unixAddress, ...more] : more;
  const isMasked = /^[\d.]+$|^[\da-f:]+$/i.test(rest[0] ?? '') && !address.includes('/');
  const network = isMasked ? withPrefixLength(address, rest[0] ?? '') : address;
  const [method = '', ...options] = isMasked ? rest.slice(1) : rest;
  if (method === 'peer' && !isLocal) return 'method peer is only for lines of type local';
  if (methods[method] === undefined) return `method ${method} is not supported`;
  const [, map] =
    ((method === 'cert' || method === 'peer') && options.length === 1 && /^map=(.+)$/.exec(options[0] ?? '')) || [];
  const certificates = map === undefined ? undefined : maps.get(unquoted(map));
  if (map !== undefined && certificates === undefined) return `${map} is not a map in auth_ident_file`;
  // Ignoring an option would admit clients that it excludes.
  if (method !== 'ldap' && map === undefined && options.length > 0)
    return `${options.join(' ')} is not an option of ${method} here`;
  const [forDatabases, forUsers] = [namesIn(databases), namesIn(users)];
  if (forDatabases === undefined || forUsers === undefined)
    return 'names with +, @ or /, sameuser and the like are not supported';
  if (network === undefined || (!isLocal && /^same|[a-z]\.[a-z]|^unix$/i.test(network)))
    return `${address} is not a network`;
  const tls = types[type];
  return {
    rule: {
      ...(forDatabases.length > 0 && { databases: forDatabases }),
      ...(forUsers.length > 0 && { users: forUsers }),
      addresses: network === 'all' ? allAddresses : [network],
      ...(tls !== undefined && { tls }),
      method: methods[method],
      ...(certificates !== undefined && { [method === 'peer' ? 'peers' : 'certificates']: certificates }),
    },
    options: options.join(' '),
  };
}

const itemsOf = (text: string): readonly string[] => text.match(/"(?:[^"]|"")*"|[^,]+/g) ?? [];

/** The names; empty for `all`, undefined if they are not understood. */
function namesIn(text: string): string[] | undefined {
  const items = itemsOf(text);
  if (items.includes('all')) return [];
  const isUnsupported = items.some(
    (item) => /^[+@/]/.test(item) || /^(?:sameuser|samerole|samegroup|replication)$/.test(item),
  );
  return isUnsupported ? undefined : items.map(unquoted);
}

/** `10.0.0.0 255.0.0.0` as `10.0.0.0/8`. */
function withPrefixLength(address: string, mask: string): string | undefined {
  const [partsOf, base, width, length] = mask.includes(':')
    ? ([groupsOf, 16, 16, 128] as const)
    : ([(text: string) => text.split('.'), 10, 8, 32] as const);
  const bits = partsOf(mask)
    .map((part) => parseInt(part, base).toString(2).padStart(width, '0'))
    .join('');
  return /^1*0*$/.test(bits) && bits.length === length ? `${address}/${bits.replaceAll('0', '').length}` : undefined;
}

/** The groups of an IPv6 address, including those that `::` omits. */
function groupsOf(address: string): string[] {
  const [head = [], tail = []] = address.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  return [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail];
}
