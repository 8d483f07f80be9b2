import { z } from 'zod';
import { cacheConfig } from '../cache/cache-config.ts';
import { auth, identity, secretQuery, secretSource } from './auth-config.ts';
import { drain, instance, reusePort } from './roll-out-config.ts';
import { irisUpstream } from './iris-config.ts';
import { classes, upstreamOfClass } from './scheduling-config.ts';
import { applicationSettings, globalSettings, narrowSettings } from './scoped-settings.ts';
import { audit, statistics } from './observe-config.ts';
import { milliseconds, millisecondsOrNone } from './durations.ts';

const port = z.int().min(0).max(65_535);
const file = z.string().min(1);
const name = z.string().min(1).max(63);
const most = z.int().positive().optional();

const tlsMinVersion = z
  .enum(['TLSv1.2', 'TLSv1.3'])
  .default('TLSv1.2')
  .describe('The oldest version of TLS that is spoken');

const listen = z.strictObject({
  host: z
    .string()
    .regex(/^(?:\s*[\w.:%-]+\s*(?:,\s*[\w.:%-]+\s*)*|\*)?$/, 'is no address, no list of them with commas, and not *')
    .default('127.0.0.1')
    .describe(
      'Address that clients connect to, or several with commas; `*`: every one, `0.0.0.0`: those of IPv4, `::`: those of IPv6; empty: the Unix socket alone',
    ),
  port: port.default(6432).describe('Port of the same; 0 takes any free one'),
  reusePort,
  socket: z
    .strictObject({
      folder: z
        .string()
        .regex(/^\//, 'is no folder like /var/run/postgresql')
        .describe('Folder of the file `.s.PGSQL.<port>`, where `psql` without `-h` looks for it'),
      mode: z
        .string()
        .regex(/^0?[0-7]{3}$/, 'is no octal number like 0770')
        .default('0777')
        .describe('Who may connect by it: the mode of that file'),
    })
    .optional()
    .describe('A Unix socket for clients on this host'),
  tls: z
    .strictObject({
      mode: z
        .enum(['allow', 'require'])
        .default('allow')
        .describe('require: nobody comes in without TLS; allow: as the client likes'),
      minVersion: tlsMinVersion,
      certificate: file.describe('File of the certificate and its chain, PEM'),
      key: file.describe('File of its key, PEM'),
      clientCa: file
        .optional()
        .describe('File of the authorities whose client certificates are taken, PEM; clients are asked for one'),
      clientCrl: file
        .optional()
        .describe(
          'File of the lists of those of their certificates that hold no more, PEM, a list of each authority; RELOAD reads it again. Behind the day that a list names as its end none of its certificates is taken',
        ),
      clientCertificate: z
        .enum(['optional', 'require'])
        .default('optional')
        .describe('require: with clientCa, nobody comes in without a certificate'),
    })
    .optional()
    .describe('TLS for clients; without it they are told that there is none'),
});

const upstream = z.strictObject({
  kind: z.enum(['postgres', 'iris']).default('postgres').describe('What the server is'),
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe(
      'Address of the server; a folder, like /var/run/postgresql, holds its socket. Several with commas: copies of one server (a standby and its like, or ways to the same one) on the same port; a connection that finds one of them not there goes to the next. No answers of them are kept in the cache, and process ids of clients are not found there',
    ),
  loadBalanceHosts: z
    .enum(['round-robin', 'disable'])
    .default('round-robin')
    .describe(
      'Of several hosts: round-robin: each connection begins with the next; disable: with the same, until that is not there',
    ),
  port: port.default(5432).describe('Port of the server'),
  tls: z
    .enum(['disable', 'prefer', 'require', 'verify-ca', 'verify-full'])
    .default('disable')
    .describe(
      'prefer: encrypted where the server can; require: encrypted; verify-ca: and its certificate is of a known authority; verify-full: and for that host',
    ),
  tlsMinVersion,
  ca: file
    .optional()
    .describe('File of the authorities that verify-ca and verify-full trust, PEM; those of the system when absent'),
  crl: file
    .optional()
    .describe('File of the lists of those of their certificates that hold no more, PEM, a list of each authority'),
  certificate: file.optional().describe('File of the certificate that the proxy shows there, PEM'),
  key: file.optional().describe('File of its key, PEM'),
  allowCleartext: z
    .boolean()
    .default(false)
    .describe(
      'Sends the password without TLS, too, where the server asks for it (password, ldap, pam and radius of its pg_hba.conf): for networks that nobody listens to',
    ),
  lookupMs: millisecondsOrNone
    .default(15_000)
    .describe(
      'How often its name is looked up: backends at an address that four answers in a row did not have are replaced as soon as nobody has them. 0: never',
    ),
  backendsMax: most.describe('Backends there at most, of all pools: below max_connections of the server'),
  backendsPerUserMax: most.describe('Backends of one of its users at most, of all pools'),
  iris: irisUpstream.optional().describe('Of an upstream of kind `iris`'),
});

const database = narrowSettings.extend({
  upstream: z.string().min(1).describe('Which of upstreams it is on'),
  database: name.optional().describe('Its name there; its own when absent'),
  user: name.optional().describe('Who logs in there for all clients; each client as himself when absent'),
  password: secretSource.optional().describe('The secret of that user'),
  parameters: z
    .record(z.string().regex(/^[a-z_][a-z0-9_.]*$/), z.string())
    .optional()
    .describe('Settings of the session for clients that say nothing of their own, by their names'),
  authQuery: secretQuery
    .optional()
    .describe('Who is asked for the secrets of its clients, in place of auth.query, whose limits hold'),
  clientsMax: most.describe('Clients of it at once'),
  backendsMax: most.describe('Backends of it at once, of all users'),
  upstreamOfClass,
});

const user = narrowSettings.extend({
  databases: z.array(name).optional().describe('Databases that he may connect to; all when absent'),
  clientsMax: most.describe('Clients of him at once'),
  backendsMax: most.describe('Backends at once that log in as him, of all databases'),
});

const application = applicationSettings.extend({
  clientsMax: most.describe('Clients of it at once'),
  backendsMax: most.describe('Backends that its clients may hold at once'),
});

/** pg-proxy's configuration file, JSON; `docs/reference/pg-proxy.md` is generated from it. */
export const proxyConfig = z.strictObject({
  listen: listen.prefault({}),
  upstreams: z.record(z.string(), upstream).describe('Servers, by a name of your own'),
  databases: z
    .record(z.string(), database)
    .describe('Databases that clients may name; `*` stands for all that are not listed. Settings in place of pool.*'),
  users: z
    .record(z.string(), user)
    .default({})
    .describe(
      'Rules for users; `*` stands for all that are not listed. Settings in place of those of the database; those of pools, and backendsMax, are for who logs in at the upstream, all others for the client',
    ),
  applications: z
    .record(z.string(), application)
    .default({})
    .describe(
      'Rules by application_name, which may end in `*`; the longest that fits counts. Settings in place of those of the user',
    ),
  identities: z
    .array(identity)
    .default([])
    .describe(
      'As whom clients log in at the upstream, the first that fits; then databases.<name>.user, then himself. Clients of a database that come in as one user with one secret share a pool',
    ),
  auth,
  pool: globalSettings.prefault({}),
  admin: z
    .strictObject({
      users: z
        .array(name)
        .default([])
        .describe('Who may use the console: database `pgbouncer` or `medrex`, with the commands of PgBouncer'),
      statsUsers: z
        .array(name)
        .default([])
        .describe('Who may look there, and not act: SHOW and SELECT ... FROM medrex.<table>'),
      ownUser: z
        .boolean()
        .default(false)
        .describe(
          'By the Unix socket, whoever is the same user of the system as the proxy may use the console as `pgbouncer`, without a secret, as with PgBouncer; on Linux',
        ),
    })
    .prefault({}),
  statistics: statistics.prefault({}),
  audit: audit
    .optional()
    .describe('Who read or changed which tables, in entries that follow each other by their hashes; none without it'),
  clientsMax: z.int().positive().default(10_000).describe('Clients at once'),
  applicationNameAddHost: z
    .boolean()
    .default(false)
    .describe(
      'Adds where a client comes from to its application_name at login, as `psql - 10.0.0.7:53412`: pg_stat_activity has it then. Rules for applications go by the name without it. Each login asks the server',
    ),
  ignoreStartupParameters: z
    .array(name.toLowerCase())
    .default([])
    .describe(
      'Settings that a client asks for when it connects and of which nothing comes, whether the server knows them or not; `options`: all that stand there. Encoding, time zone, styles and application_name always count',
    ),
  classes: classes.prefault({}),
  drain: drain.prefault({}),
  instance,
  ioUring: z
    .boolean()
    .default(true)
    .describe(
      'Connections without TLS are read and written by io_uring, many of them for one system call, where the kernel (Linux 6.1 or newer) lets the process; by epoll elsewhere. The log says which',
    ),
  loginTimeoutMs: milliseconds.default(60_000).describe('A client that has not logged in after this is closed'),
  cache: cacheConfig.prefault({}).describe('Answers that are kept'),
  metrics: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('Address of /metrics, /healthz and /readyz'),
      port: port.default(9475).describe('Port of the same; 0 takes any free one'),
      notReadyAfterMs: z
        .int()
        .positive()
        .default(30_000)
        .describe('/readyz says 503 when none of the upstreams could be reached for so long'),
    })
    .prefault({}),
});

export type ProxyConfig = z.infer<typeof proxyConfig>;
export type UpstreamConfig = ProxyConfig['upstreams'][string];
export type DatabaseConfig = ProxyConfig['databases'][string];
export type UserConfig = ProxyConfig['users'][string];
export type ApplicationConfig = ProxyConfig['applications'][string];
export type { SecretSource } from './auth-config.ts';
