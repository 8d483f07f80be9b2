/** Where a database is. The password does not print with it. */
export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** From the URL; the password of its own variable or file wins. */
  readonly password: (() => string) | undefined;
}

/** Reads `postgres://user:password@host:port/database`. @throws RangeError when it is none; the text is not repeated. */
export function parseAddress(text: string): PostgresAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '')
    throw new RangeError('must be postgres://user@host:port/database');
  if (url.search !== '' || url.hash !== '') throw new RangeError('takes no parameters: TLS has variables of its own');
  const { hostname, port, pathname, username, password } = url;
  const user = decodeURIComponent(username);
  const database = decodeURIComponent(pathname.slice(1));
  if (user === '' || database === '') throw new RangeError('must name a user and a database');
  const known = decodeURIComponent(password);
  return {
    host: hostname.replace(/^\[|\]$/g, ''), // an IPv6 address stands in brackets in a URL only
    port: port === '' ? 5432 : Number(port),
    database,
    user,
    password: known === '' ? undefined : () => known,
  };
}

/** What may be shown of it. */
export const addressText = ({ host, port, database }: PostgresAddress): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;

/** Whether only this machine can listen in. */
export const isLoopback = ({ host }: PostgresAddress): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
