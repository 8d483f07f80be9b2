import { isIPv6 } from 'node:net';
import { Networks } from '../login/networks.ts';
import { unixAddress } from '../login/unix-socket.ts';
import { isSocketFolder, socketPath } from '../upstream/connect.ts';
import { hostsOf } from '../upstream/host-rotation.ts';
import { didYouMean } from './did-you-mean.ts';
import type { ProxyConfig } from './proxy-config.ts';

/** The longest path of a Unix socket, in bytes. */
const socketPathMax = 107;

/** What does not fit together in a configuration whose fields are valid by themselves. */
export function problemsOf(config: ProxyConfig): readonly string[] {
  return [
    ...problemsOfListen(config),
    ...problemsOfUpstreams(config),
    ...problemsOfDatabases(config),
    ...problemsOfAuth(config),
    ...problemsOfInstance(config),
  ];
}

function* problemsOfListen({ listen: { host, port, socket } }: ProxyConfig): Generator<string> {
  if (host.trim() === '' && socket === undefined) yield 'listen: without host and socket, nobody could connect';
  if (host.trim() === '' && port === 0) yield 'listen.port: without host it names the socket file, so it cannot be 0';
  for (const one of host.split(',').map((address) => address.trim()))
    if (isWithPort(one)) yield `listen.host: ${one} is not an address; the port has its own field`;
  if (socket !== undefined && Buffer.byteLength(socketPath(socket.folder, port)) > socketPathMax)
    yield `listen.socket.folder: the path of the socket file would be longer than ${socketPathMax} bytes`;
}

/** Only an IPv6 address may contain these; otherwise it is a host with a port, or a URL. */
const isWithPort = (host: string): boolean => /[:/]/.test(host) && !isIPv6(host);

function* problemsOfUpstreams({ upstreams, listen, instance, cache }: ProxyConfig): Generator<string> {
  for (const [name, { kind, iris, tls, host }] of Object.entries(upstreams)) {
    const hosts = hostsOf(host).length;
    if (hosts === 0) yield `upstreams.${name}.host: is empty`;
    for (const one of hostsOf(host))
      if (!isSocketFolder(one) && isWithPort(one))
        yield `upstreams.${name}.host: ${one} is not a host name; the port has its own field`;
    if (kind === 'iris' && hosts > 1) yield `upstreams.${name}.host: kind iris takes only one host`;
    if ((kind === 'iris') !== (iris !== undefined))
      yield `upstreams.${name}: kind iris needs a section iris, and other kinds must not have one`;
    const { connections, sharedBy } = iris?.licence ?? { connections: 1, sharedBy: 1 };
    if (sharedBy > connections)
      yield `upstreams.${name}.iris.licence: ${connections} connections cannot be shared by ${sharedBy} instances`;
    if (sharedBy > 1 && cache.redis !== undefined && instance.id === undefined)
      yield `upstreams.${name}.iris.licence.sharedBy: instances that share by Redis each need an instance.id`;
    if (kind === 'iris' && tls !== 'disable')
      yield `upstreams.${name}.tls: does not apply to kind iris; set TLS in iris.properties`;
  }
  for (const [name, { certificate, key }] of Object.entries(upstreams))
    if ((certificate === undefined) !== (key === undefined))
      yield `upstreams.${name}: certificate and key must be given together`;
  for (const [name, { crl, tls }] of Object.entries(upstreams))
    if (crl !== undefined && tls !== 'verify-ca' && tls !== 'verify-full')
      yield `upstreams.${name}.crl: is used only with tls verify-ca or verify-full`;
  if (listen.tls?.clientCertificate === 'require' && listen.tls.clientCa === undefined)
    yield 'listen.tls.clientCertificate: require needs clientCa';
  if (listen.tls?.clientCrl !== undefined && listen.tls.clientCa === undefined)
    yield 'listen.tls.clientCrl: needs clientCa';
}

function* problemsOfDatabases({
  databases,
  upstreams,
  users,
  identities,
  cache,
  auth,
}: ProxyConfig): Generator<string> {
  for (const [name, { upstream, user, password, upstreamOfClass = {} }] of Object.entries(databases)) {
    for (const [workClass, other] of Object.entries(upstreamOfClass))
      if (!Object.hasOwn(upstreams, other))
        yield `databases.${name}.upstreamOfClass.${workClass}: there is no ${other}${didYouMean(other, Object.keys(upstreams))}`;
    if (!Object.hasOwn(upstreams, upstream))
      yield `databases.${name}.upstream: there is no ${upstream}${didYouMean(upstream, Object.keys(upstreams))}`;
    if (password !== undefined && user === undefined) yield `databases.${name}.password: needs user`;
  }
  const one = (database: string | undefined): readonly string[] => (database === undefined ? [] : [database]);
  // A rule for a misspelt database would log clients in as another user, or have no effect.
  const named: readonly (readonly [string, readonly string[] | undefined])[] = [
    ...Object.entries(users).map(([name, rule]) => [`users.${name}.databases`, rule.databases] as const),
    ...identities.map(({ database }, at) => [`identities.${at}.database`, one(database)] as const),
    ['auth.query.database', one(auth.query?.database)],
    ...Object.entries(databases).map(
      ([name, { authQuery }]) => [`databases.${name}.authQuery.database`, one(authQuery?.database)] as const,
    ),
    ...cache.rules.map((rule, at) => [`cache.rules.${at}.databases`, rule.databases] as const),
  ];
  for (const [field, wanted = []] of Object.hasOwn(databases, '*') ? [] : named)
    for (const database of wanted)
      if (!Object.hasOwn(databases, database))
        yield `${field}: there is no ${database}${didYouMean(database, Object.keys(databases))}`;
}

function* problemsOfInstance({ instance: { id, peers } }: ProxyConfig): Generator<string> {
  if (id === undefined && Object.keys(peers).length > 0) yield 'instance.peers: instance.id is missing';
  if (id !== undefined && Object.hasOwn(peers, id)) yield `instance.peers.${id}: is this instance's own id`;
}

function* problemsOfAuth({ auth, databases, listen }: ProxyConfig): Generator<string> {
  const methods = new Set(auth.rules.length > 0 ? auth.rules.map(({ method }) => method) : [auth.method]);
  const needUsers = [...methods].some((method) => !['ldap', 'cert', 'peer', 'any', 'reject'].includes(method));
  const areAsked = auth.query !== undefined || Object.values(databases).some((one) => one.authQuery !== undefined);
  if (needUsers && auth.userFile === undefined && !areAsked)
    yield 'auth.userFile: is missing; the users must come from it or from a query';
  if (methods.has('ldap') && auth.ldap === undefined) yield 'auth.ldap: is required by method ldap';
  if (methods.has('cert') && listen.tls?.clientCa === undefined)
    yield 'listen.tls.clientCa: is required by method cert';
  if (auth.ldap !== undefined && (auth.ldap.bind === undefined) === (auth.ldap.search === undefined))
    yield 'auth.ldap: needs either bind or search';
  if (auth.ldap?.startTls === false && !auth.ldap.allowPlain && auth.ldap.urls.some((url) => url.startsWith('ldap:')))
    yield 'auth.ldap: would send passwords unencrypted; use startTls or ldaps://, or allowPlain on a trusted network';
  if (auth.ldap?.startTls === true && auth.ldap.urls.some((url) => url.startsWith('ldaps:')))
    yield 'auth.ldap.startTls: does not apply to ldaps://, which is already encrypted';
  for (const [at, { method, certificates, peers, addresses }] of auth.rules.entries()) {
    if (certificates !== undefined && method !== 'cert')
      yield `auth.rules.${at}.certificates: does not apply to method ${method}`;
    if (peers !== undefined && method !== 'peer') yield `auth.rules.${at}.peers: does not apply to method ${method}`;
    if (method === 'peer' && addresses?.every((address) => address === unixAddress) !== true)
      yield `auth.rules.${at}: method peer is only for the Unix socket; add "addresses": ["unix"]`;
  }
  for (const [at, { addresses = [] }] of auth.rules.entries())
    for (const address of addresses)
      if (!isNetwork(address)) yield `auth.rules.${at}.addresses: ${address} is not a network`;
}

function isNetwork(text: string): boolean {
  try {
    new Networks([text]);
    return true;
  } catch {
    return false;
  }
}
