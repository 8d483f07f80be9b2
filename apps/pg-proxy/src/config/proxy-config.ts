import { defaultPoolSettings } from '@medrex/pool';
import { z } from 'zod';

const port = z.int().min(0).max(65_535);
const count = z.int().min(0);
const milliseconds = z.int().positive();
const file = z.string().min(1);
const name = z.string().min(1).max(63);
const mode = z.enum(['session', 'transaction', 'statement']);

const listen = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address that clients connect to'),
  port: port.default(6432).describe('Port of the same; 0 takes any free one'),
  tls: z
    .strictObject({
      mode: z
        .enum(['allow', 'require'])
        .default('allow')
        .describe('require: nobody comes in without TLS; allow: as the client likes'),
      certificate: file.describe('File of the certificate and its chain, PEM'),
      key: file.describe('File of its key, PEM'),
    })
    .optional()
    .describe('TLS for clients; without it they are told that there is none'),
});

const upstream = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address of the server'),
  port: port.default(5432).describe('Port of the server'),
  tls: z
    .enum(['disable', 'require', 'verify-full'])
    .default('disable')
    .describe('require: encrypted; verify-full: encrypted, and the certificate must be for that host'),
  ca: file.optional().describe('File of the authorities that verify-full trusts, PEM; those of the system when absent'),
});

/** A secret by where it is: never in the configuration itself. */
const secretSource = z.union([
  z.strictObject({ file: file.describe('File that holds it; a newline at its end is not part of it') }),
  z.strictObject({ env: z.string().min(1).describe('Environment variable that holds it') }),
]);

const pool = z.strictObject({
  mode: mode.default('transaction').describe('How long a client keeps its backend'),
  size: z.int().positive().default(defaultPoolSettings.max).describe('Backends of one database and user'),
  min: count.default(defaultPoolSettings.min).describe('Backends that are kept open though nobody needs them'),
  reserve: count
    .default(defaultPoolSettings.reserve)
    .describe('Backends beyond size for clients that have waited long'),
  reserveAfterMs: milliseconds.default(defaultPoolSettings.reserveAfterMs).describe('How long that is'),
  waitTimeoutMs: milliseconds
    .default(defaultPoolSettings.waitTimeoutMs)
    .describe('A client that has waited longer for a backend gets an error'),
  idleTimeoutMs: milliseconds
    .default(defaultPoolSettings.idleTimeoutMs)
    .describe('A backend that nobody used for longer is closed'),
  lifetimeMs: milliseconds
    .default(defaultPoolSettings.lifetimeMs)
    .describe('A backend is replaced after about so long'),
  connectTimeoutMs: milliseconds
    .default(defaultPoolSettings.connectTimeoutMs)
    .describe('Longest login at the upstream'),
  pinSequences: z
    .boolean()
    .default(true)
    .describe(
      'A client that calls nextval or setval keeps its backend, where alone currval and lastval answer; false where nobody asks them',
    ),
  preparedStatements: z.int().positive().default(200).describe('Prepared statements that one backend keeps'),
});

const database = z.strictObject({
  upstream: z.string().min(1).describe('Which of upstreams it is on'),
  database: name.optional().describe('Its name there; its own when absent'),
  user: name.optional().describe('Who logs in there for all clients; each client as himself when absent'),
  password: secretSource.optional().describe('The secret of that user'),
  mode: mode.optional().describe('In place of pool.mode'),
  size: z.int().positive().optional().describe('In place of pool.size'),
});

/** The configuration file of pg-proxy, JSON; `docs/reference/pg-proxy.md` is generated from it. */
export const proxyConfig = z.strictObject({
  listen: listen.prefault({}),
  upstreams: z.record(z.string(), upstream).describe('Servers, by a name of your own'),
  databases: z
    .record(z.string(), database)
    .describe('Databases that clients may name; `*` stands for all that are not listed'),
  auth: z.strictObject({
    method: z
      .enum(['scram-sha-256', 'md5', 'password', 'trust'])
      .default('scram-sha-256')
      .describe(
        'How clients prove who they are; md5 takes SCRAM where the secret is a verifier; password needs TLS; trust is for tests',
      ),
    userFile: file.describe(
      'File of users, a line each: "name" "secret", where the secret is plain, md5... or SCRAM-SHA-256$...',
    ),
  }),
  pool: pool.prefault({}),
  admin: z
    .strictObject({
      users: z
        .array(name)
        .default([])
        .describe('Who may use the console: database `pgbouncer` or `medrex`, with the commands of PgBouncer'),
    })
    .prefault({}),
  clientsMax: z.int().positive().default(10_000).describe('Clients at once'),
  loginTimeoutMs: milliseconds.default(15_000).describe('A client that has not logged in after this is closed'),
  metrics: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('Address of /metrics, /healthz and /readyz'),
      port: port.default(9475).describe('Port of the same; 0 takes any free one'),
    })
    .prefault({}),
});

export type ProxyConfig = z.infer<typeof proxyConfig>;
export type UpstreamConfig = ProxyConfig['upstreams'][string];
export type DatabaseConfig = ProxyConfig['databases'][string];
export type SecretSource = z.infer<typeof secretSource>;
