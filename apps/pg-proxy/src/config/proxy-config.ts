import { z } from 'zod';
import { cacheConfig } from '../cache/cache-config.ts';
import { auth, identity, secretQuery, secretSource } from './auth-config.ts';
import { drain, instance, reusePort } from './roll-out-config.ts';
import { irisUpstream } from './iris-config.ts';
import { classes, upstreamOfClass } from './scheduling-config.ts';
import { applicationSettings, globalSettings, scopedSettings } from './scoped-settings.ts';
import { audit, statistics } from './observe-config.ts';
import { milliseconds, millisecondsOrNone } from './durations.ts';

const port = z.int().min(0).max(65_535);
const file = z.string().min(1);
const name = z.string().min(1).max(63);
const most = z.int().positive().optional();

const tlsMinVersion = z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('Oldest TLS version accepted');

const listen = z.strictObject({
  host: z
    .string()
    .regex(
      /^(?:\s*[\w.:%-]+\s*(?:,\s*[\w.:%-]+\s*)*|\*)?$/,
      'is not an address, a list of addresses separated by commas, or *',
    )
    .default('127.0.0.1')
    .describe(
      'Address that clients connect to, or several, separated by commas; `*`: all addresses, `0.0.0.0`: all IPv4 addresses, `::`: all IPv6 addresses, empty: only the Unix socket',
    ),
  port: port.default(6432).describe('Port that it listens on; 0: any free one'),
  reusePort,
  socket: z
    .strictObject({
      folder: z
        .string()
        .regex(/^\//, 'is not a folder such as /var/run/postgresql')
        .describe('Folder of the socket file `.s.PGSQL.<port>`, such as the one where `psql` without `-h` looks'),
      mode: z
        .string()
        .regex(/^0?[0-7]{3}$/, 'is not an octal number like 0770')
        .default('0777')
        .describe('Who may connect: the mode of the socket file'),
    })
    .optional()
    .describe('A Unix socket for clients on this host'),
  tls: z
    .strictObject({
      mode: z
        .enum(['allow', 'require'])
        .default('allow')
        .describe('require: refuse clients without TLS; allow: the client chooses'),
      minVersion: tlsMinVersion,
      certificate: file.describe('File with the certificate and its chain, PEM'),
      key: file.describe('File with its private key, PEM'),
      clientCa: file
        .optional()
        .describe(
          'File with the authorities whose client certificates are accepted, PEM; with it, clients are asked for a certificate',
        ),
      clientCrl: file
        .optional()
        .describe(
          'File with the certificate revocation lists of these authorities, PEM, one for each; RELOAD reads it again. After the end date of a list, no certificate of that authority is accepted',
        ),
      clientCertificate: z
        .enum(['optional', 'require'])
        .default('optional')
        .describe('require: refuse clients without a certificate; needs clientCa'),
    })
    .optional()
    .describe('TLS for clients; without it, TLS is declined'),
});

const upstream = z.strictObject({
  kind: z.enum(['postgres', 'iris']).default('postgres').describe('Kind of server'),
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe(
      'Address of the server, or the folder of its Unix socket, such as /var/run/postgresql. Several, separated by commas: copies of one server (standbys, or several ways to one) on the same port; a connection that cannot reach one tries the next. Their answers are not cached, and the process ids of clients are not found there',
    ),
  loadBalanceHosts: z
    .enum(['round-robin', 'disable'])
    .default('round-robin')
    .describe(
      'With several hosts, round-robin: each connection tries the next host first; disable: always the same one, until it is unreachable',
    ),
  port: port.default(5432).describe('Port of the server'),
  tls: z
    .enum(['disable', 'prefer', 'require', 'verify-ca', 'verify-full'])
    .default('disable')
    .describe(
      'prefer: encrypted if the server supports it; require: encrypted; verify-ca: and the certificate is from a trusted authority; verify-full: and issued for that host',
    ),
  tlsMinVersion,
  ca: file
    .optional()
    .describe("File with the authorities that verify-ca and verify-full trust, PEM; the system's when absent"),
  crl: file.optional().describe('File with the certificate revocation lists of these authorities, PEM, one for each'),
  certificate: file.optional().describe('File with the certificate that the proxy presents, PEM'),
  key: file.optional().describe('File with its private key, PEM'),
  allowCleartext: z
    .boolean()
    .default(false)
    .describe(
      'Sends the password even without TLS if the server asks for it (methods password, ldap, pam and radius in its pg_hba.conf): only for trusted networks',
    ),
  lookupMs: millisecondsOrNone
    .default(15_000)
    .describe(
      'How often its name is looked up: backends at an address missing from four answers in a row are replaced as soon as they are free. 0: never',
    ),
  backendsMax: most.describe(
    'Maximum number of backends at this upstream, of all pools; keep it below max_connections of the server',
  ),
  backendsPerUserMax: most.describe('Maximum number of backends of one user of the server, of all pools'),
  iris: irisUpstream.optional().describe('Settings of an upstream of kind `iris`'),
});

const database = scopedSettings.extend({
  upstream: z.string().min(1).describe('The upstream it is on, by its name in upstreams'),
  database: name.optional().describe('Its name at the upstream; the same name when absent'),
  user: name
    .optional()
    .describe('User who logs in at the upstream for all clients; when absent, each client logs in as itself'),
  password: secretSource.optional().describe("That user's password"),
  parameters: z
    .record(z.string().regex(/^[a-z_][a-z0-9_.]*$/), z.string())
    .optional()
    .describe('Session settings, by name, for clients that do not set them themselves'),
  authQuery: secretQuery
    .optional()
    .describe('How to look up the secrets of its clients, instead of auth.query; the limits of auth.query apply'),
  clientsMax: most.describe('Maximum number of clients at once'),
  backendsMax: most.describe('Maximum number of backends at once, of all users'),
  upstreamOfClass,
});

const user = scopedSettings.extend({
  databases: z.array(name).optional().describe('Databases that the user may connect to; all when absent'),
  clientsMax: most.describe('Maximum number of clients of this user at once'),
  backendsMax: most.describe('Maximum number of backends at once that log in as this user, in all databases'),
});

const application = applicationSettings.extend({
  clientsMax: most.describe('Maximum number of clients at once'),
  backendsMax: most.describe('Maximum number of backends that its clients may hold at once'),
});

/** pg-proxy's configuration file, JSON; `docs/reference/pg-proxy.md` is generated from it. */
export const proxyConfig = z.strictObject({
  listen: listen.prefault({}),
  upstreams: z.record(z.string(), upstream).describe('Servers, by names of your choice'),
  databases: z
    .record(z.string(), database)
    .describe(
      'Databases that clients may connect to; `*` stands for all that are not listed. Their settings override pool.*',
    ),
  users: z
    .record(z.string(), user)
    .default({})
    .describe(
      'Rules for users; `*` stands for all that are not listed. Their settings override those of the database. Pool settings and backendsMax apply to the user at the upstream, all others to the client',
    ),
  applications: z
    .record(z.string(), application)
    .default({})
    .describe(
      'Rules by application_name, which may end in `*`; the longest match counts. Their settings override those of the user',
    ),
  identities: z
    .array(identity)
    .default([])
    .describe(
      'As whom clients log in at the upstream: the first match, else databases.<name>.user, else the client itself. Clients of a database that log in as one user with one secret share a pool',
    ),
  auth,
  pool: globalSettings.prefault({}),
  admin: z
    .strictObject({
      users: z
        .array(name)
        .default([])
        .describe("Users of the console (database `pgbouncer` or `medrex`), with PgBouncer's commands"),
      statsUsers: z
        .array(name)
        .default([])
        .describe('Users who may only look there: SHOW and SELECT ... FROM medrex.<table>'),
      ownUser: z
        .boolean()
        .default(false)
        .describe(
          'Over the Unix socket, whoever runs as the same system user as the proxy may use the console as `pgbouncer` without a secret, as in PgBouncer (Linux)',
        ),
    })
    .prefault({}),
  statistics: statistics.prefault({}),
  audit: audit
    .optional()
    .describe('The audit log: who read or changed which tables, in entries chained by hashes. No log when absent'),
  clientsMax: z.int().positive().default(10_000).describe('Maximum number of clients at once'),
  applicationNameAddHost: z
    .boolean()
    .default(false)
    .describe(
      "Adds a client's address to its application_name at login, for pg_stat_activity: `psql - 10.0.0.7:53412`. Rules for applications use the name without it. Each login then asks the server",
    ),
  ignoreStartupParameters: z
    .array(name.toLowerCase())
    .default([])
    .describe(
      'Startup parameters of clients that are ignored, whether the server knows them or not; `options`: all settings in it. Encoding, time zone, styles and application_name are never ignored',
    ),
  classes: classes.prefault({}),
  drain: drain.prefault({}),
  instance,
  ioUring: z
    .boolean()
    .default(true)
    .describe(
      'Reads and writes connections without TLS by io_uring, many with one system call, where the kernel (Linux 6.1 or newer) permits it, and by epoll elsewhere. The log says which',
    ),
  loginTimeoutMs: milliseconds
    .default(60_000)
    .describe('A client that has not logged in within this time is disconnected'),
  cache: cacheConfig.prefault({}).describe('The cache of answers'),
  metrics: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('Address of /metrics, /healthz and /readyz'),
      port: port.default(9475).describe('Port that it listens on; 0: any free one'),
      notReadyAfterMs: z
        .int()
        .positive()
        .default(30_000)
        .describe('/readyz answers 503 when no upstream has been reachable for this long'),
    })
    .prefault({}),
});

export type ProxyConfig = z.infer<typeof proxyConfig>;
export type UpstreamConfig = ProxyConfig['upstreams'][string];
export type DatabaseConfig = ProxyConfig['databases'][string];
export type UserConfig = ProxyConfig['users'][string];
export type ApplicationConfig = ProxyConfig['applications'][string];
export type { SecretSource } from './auth-config.ts';
