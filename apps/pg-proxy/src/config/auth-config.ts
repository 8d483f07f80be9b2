import { z } from 'zod';
import { milliseconds, millisecondsOrNone } from './durations.ts';

const file = z.string().min(1);
const name = z.string().min(1).max(63);

/** Where a secret is: it never stands in the configuration itself. */
export const secretSource = z.union(
  [
    z.strictObject({ file: file.describe('File that holds it; a trailing newline is ignored') }),
    z.strictObject({ env: z.string().min(1).describe('Environment variable that holds it') }),
  ],
  { error: 'must say where the secret is, as {"file": "..."} or {"env": "..."}; the secret itself never belongs here' },
);
export type SecretSource = z.infer<typeof secretSource>;

const authMethods = ['scram-sha-256', 'md5', 'password', 'ldap', 'cert', 'trust', 'any'] as const;
export type AuthMethod = (typeof authMethods)[number];

/** How users' secrets are looked up, and by whom. */
export const secretQuery = z.strictObject({
  user: name.describe('User who runs the query; should be allowed to call that function and nothing else'),
  password: secretSource.optional().describe("That user's password at the upstream; absent if none is needed"),
  database: name
    .optional()
    .describe(
      'Database to run it in; the one that the client names when absent, in which case a client learns whether a database exists',
    ),
  sql: z
    .string()
    .min(1)
    .default(
      'SELECT rolname, CASE WHEN rolvaliduntil < pg_catalog.now() THEN NULL ELSE rolpassword END, rolcanlogin FROM pg_catalog.pg_authid WHERE rolname = $1',
    )
    .describe(
      'Query for user $1 that returns one row of name and secret (md5..., SCRAM-SHA-256$... or NULL); an optional third column says whether the user may log in',
    ),
  ttlMs: millisecondsOrNone.default(30_000).describe('How long an answer is valid; 0: the query runs for each login'),
});

const authQuery = secretQuery.extend({
  max: z.int().positive().default(10_000).describe('Maximum number of answers kept'),
  timeoutMs: milliseconds.default(5_000).describe('Longest wait for an answer, including the login'),
});

const ldap = z.strictObject({
  urls: z
    .array(z.string().regex(/^ldaps?:\/\/[^/]+$/, 'is not like ldap://host:389 or ldaps://host'))
    .min(1)
    .describe(
      'Servers, ldap://host:port or ldaps://host:port. The first to answer counts; one that did not answer is asked last from then on',
    ),
  startTls: z.boolean().default(false).describe('Encrypts a connection to ldap:// before anything is sent'),
  allowPlain: z
    .boolean()
    .default(false)
    .describe('Sends passwords to ldap:// even without TLS: only for trusted networks'),
  ca: file.optional().describe("File with the authorities of the servers, PEM; the system's when absent"),
  bind: z
    .string()
    .includes('{user}')
    .optional()
    .describe('Simple bind: the name to bind as, with `{user}` for the user'),
  search: z
    .strictObject({
      base: z.string().describe('Base of the search; its whole subtree is searched'),
      filter: z
        .string()
        .includes('{user}')
        .default('(uid={user})')
        .describe('Filter that must match exactly one entry, with `{user}` for the user'),
      bindAs: z.string().default('').describe('Name to bind as for the search; anonymous when absent'),
      password: secretSource.optional().describe('Its password'),
    })
    .optional()
    .describe('Search and bind: searches for the name to bind as'),
  timeoutMs: milliseconds.default(5_000).describe('Longest wait for an answer, and for a connection'),
  connectionsMax: z
    .int()
    .positive()
    .default(32)
    .describe('Maximum number of connections at once; each login takes one for a moment'),
});

/** Maps names that are shown in place of a password to users. */
const names = (ofName: string, ofUser: string) =>
  z
    .array(z.strictObject({ name: z.string().min(1).describe(ofName), user: name.optional().describe(ofUser) }))
    .min(1)
    .optional();

const rule = z.strictObject({
  databases: z.array(name).min(1).optional().describe('Databases that the rule is for; all when absent'),
  users: z.array(name).min(1).optional().describe('Users that the rule is for; all when absent'),
  addresses: z
    .array(
      z
        .string()
        .regex(/^(?:[0-9a-fA-F.:]+(\/\d{1,3})?|unix)$/, 'is not an address, a network like 10.0.0.0/8, or unix'),
    )
    .min(1)
    .optional()
    .describe('Addresses and networks that the rule is for, `unix` for the Unix socket; all when absent'),
  tls: z.boolean().optional().describe('true: only clients with TLS, false: only those without; both when absent'),
  method: z
    .enum([...authMethods, 'peer', 'reject'])
    .describe(
      'Instead of auth.method. `peer`: clients of the Unix socket are the system user they run as (Linux); `reject`: nobody may log in',
    ),
  certificates: names('Name in the certificate', 'User it may log in as; any when absent').describe(
    'For method cert: which certificates may log in as whom; when absent, each as the user it names',
  ),
  peers: names('System user', 'User that it may log in as; any when absent').describe(
    'For method peer: which system users may log in as whom; when absent, each under its own name',
  ),
});

export const auth = z.strictObject({
  method: z
    .enum(authMethods)
    .default('scram-sha-256')
    .describe(
      'How clients prove who they are. md5: uses SCRAM for users whose secret is a verifier; password, ldap: need TLS; cert: by the name in the client certificate; trust: any known user name is accepted; any: unknown ones, too, if the database has a `user`. The last two are for tests',
    ),
  userFile: file
    .optional()
    .describe(
      'File of users, one per line: "name" "secret", where the secret is a plain password, md5... or SCRAM-SHA-256$...',
    ),
  onlyKnown: z
    .boolean()
    .default(false)
    .describe('Methods cert and peer, too, admit only users known to userFile, a query or admin, as in PgBouncer'),
  allowCleartext: z
    .boolean()
    .default(false)
    .describe('Accepts passwords (methods password and ldap) even without TLS: only for trusted networks'),
  query: authQuery
    .optional()
    .describe("Asks an upstream for the secrets of users that are not in the file, like PgBouncer's auth_query"),
  ldap: ldap.optional().describe('Directory for method ldap; needs either `bind` or `search`'),
  rules: z
    .array(rule)
    .default([])
    .describe(
      'Like pg_hba.conf: the first matching rule gives the method; without a match the login is refused. When there are no rules, auth.method applies',
    ),
});

export type AuthConfig = z.infer<typeof auth>;
export type AuthQueryConfig = z.infer<typeof authQuery>;
export type SecretQuery = z.infer<typeof secretQuery>;

/** If only databases have a query. */
export const queryLimits: Omit<AuthQueryConfig, keyof SecretQuery> = authQuery.parse({ user: 'nobody' });
export type AuthRule = z.infer<typeof rule>;

/** The user with which a client logs in at the upstream. */
export const identity = z.strictObject({
  user: name.optional().describe('User that the client logs in as; any when absent'),
  database: name.optional().describe('Database that the client connects to; any when absent'),
  as: name.describe('User who logs in at the upstream instead'),
  password: secretSource.optional().describe("That user's password; when absent, the one in userFile, or none"),
});
