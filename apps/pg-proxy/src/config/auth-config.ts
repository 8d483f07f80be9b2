import { z } from 'zod';
import { milliseconds, millisecondsOrNone } from './durations.ts';

const file = z.string().min(1);
const name = z.string().min(1).max(63);

/** Where a secret is: it never stands in the configuration itself. */
export const secretSource = z.union(
  [
    z.strictObject({ file: file.describe('File that holds it; a newline at its end is not part of it') }),
    z.strictObject({ env: z.string().min(1).describe('Environment variable that holds it') }),
  ],
  { error: 'says where a secret is, as {"file": "..."} or {"env": "..."}: the secret itself never stands here' },
);
export type SecretSource = z.infer<typeof secretSource>;

const authMethods = ['scram-sha-256', 'md5', 'password', 'ldap', 'cert', 'trust', 'any'] as const;
export type AuthMethod = (typeof authMethods)[number];

/** How users' secrets are looked up, and by whom. */
export const secretQuery = z.strictObject({
  user: name.describe('Who asks; it should be allowed to call that function and nothing else'),
  password: secretSource.optional().describe('His secret at the upstream; absent where it needs none'),
  database: name
    .optional()
    .describe(
      'Which of databases it is asked in; absent: in the one that the client names, and who names one that is not there is told so',
    ),
  sql: z
    .string()
    .min(1)
    .default(
      'SELECT rolname, CASE WHEN rolvaliduntil < pg_catalog.now() THEN NULL ELSE rolpassword END, rolcanlogin FROM pg_catalog.pg_authid WHERE rolname = $1',
    )
    .describe(
      'The question: one row of name and secret (md5..., SCRAM-SHA-256$... or NULL) for the user $1; a third column, where there is one, says whether he may log in',
    ),
  ttlMs: millisecondsOrNone.default(30_000).describe('How long an answer is good for; 0: it is asked for each login'),
});

const authQuery = secretQuery.extend({
  max: z.int().positive().default(10_000).describe('Answers that are kept'),
  timeoutMs: milliseconds.default(5_000).describe('Longest wait for an answer, the login included'),
});

const ldap = z.strictObject({
  urls: z
    .array(z.string().regex(/^ldaps?:\/\/[^/]+$/, 'is not like ldap://host:389 or ldaps://host'))
    .min(1)
    .describe(
      'Servers, the first that answers counts, and one that has not answered is asked last from then on: ldap://host:port or ldaps://host:port',
    ),
  startTls: z.boolean().default(false).describe('Encrypts a connection of ldap:// before anything is said'),
  allowPlain: z
    .boolean()
    .default(false)
    .describe('Sends passwords to ldap:// without TLS, too: for networks that nobody listens to'),
  ca: file.optional().describe('File of the authorities of the servers, PEM; those of the system when absent'),
  bind: z
    .string()
    .includes('{user}')
    .optional()
    .describe('Simple bind: the name to bind as, `{user}` in the place of the user'),
  search: z
    .strictObject({
      base: z.string().describe('Where to search, with all that is below'),
      filter: z
        .string()
        .includes('{user}')
        .default('(uid={user})')
        .describe('Who is meant: must find one entry; `{user}` in the place of the user'),
      bindAs: z.string().default('').describe('Who searches; nobody when absent'),
      password: secretSource.optional().describe('The secret of that one'),
    })
    .optional()
    .describe('Search and bind: the name to bind as is looked for'),
  timeoutMs: milliseconds.default(5_000).describe('Longest wait for one answer, and for a connection'),
  connectionsMax: z
    .int()
    .positive()
    .default(32)
    .describe('Connections to it at once: each login takes one for a moment'),
});

/** Maps names that are shown in place of a password to users. */
const names = (ofName: string, ofUser: string) =>
  z
    .array(z.strictObject({ name: z.string().min(1).describe(ofName), user: name.optional().describe(ofUser) }))
    .min(1)
    .optional();

const rule = z.strictObject({
  databases: z.array(name).min(1).optional().describe('Databases that it is for; all when absent'),
  users: z.array(name).min(1).optional().describe('Users that it is for; all when absent'),
  addresses: z
    .array(
      z
        .string()
        .regex(/^(?:[0-9a-fA-F.:]+(\/\d{1,3})?|unix)$/, 'is not an address, a network like 10.0.0.0/8, or unix'),
    )
    .min(1)
    .optional()
    .describe('Addresses and networks that it is for, `unix` for clients of the Unix socket; all when absent'),
  tls: z.boolean().optional().describe('Whether only clients with TLS, or only those without; both when absent'),
  method: z
    .enum([...authMethods, 'peer', 'reject'])
    .describe(
      'In place of auth.method; `peer` lets clients of the Unix socket in as the user of the system that they are, on Linux; `reject` lets nobody in',
    ),
  certificates: names('The name in the certificate', 'Whom it may come in as; as anybody when absent').describe(
    'With method cert: which certificates are whose; when absent each is that of the user whom it names',
  ),
  peers: names('A user of the system', 'Whom he may come in as; as anybody when absent').describe(
    'With method peer: which users of the system may come in as whom; when absent each as himself',
  ),
});

export const auth = z.strictObject({
  method: z
    .enum(authMethods)
    .default('scram-sha-256')
    .describe(
      'How clients prove who they are; md5 takes SCRAM where the secret is a verifier; password and ldap need TLS; cert takes the name in the client certificate; trust lets in whoever names a user, and any also who names nobody known, where a database has a `user` of its own: both are for tests',
    ),
  userFile: file
    .optional()
    .describe('File of users, a line each: "name" "secret", where the secret is plain, md5... or SCRAM-SHA-256$...'),
  onlyKnown: z
    .boolean()
    .default(false)
    .describe(
      'With methods cert and peer, too, only users come in whom userFile or a query knows, or admin names, as with PgBouncer',
    ),
  allowCleartext: z
    .boolean()
    .default(false)
    .describe('Takes passwords of password and ldap without TLS, too: for networks that nobody listens to'),
  query: authQuery
    .optional()
    .describe('Asks an upstream for the secrets of users that the file does not have, as auth_query of PgBouncer does'),
  ldap: ldap.optional().describe('The directory that method ldap asks; with `bind` or with `search`'),
  rules: z
    .array(rule)
    .default([])
    .describe(
      'As pg_hba.conf: the first that fits says how; where none fits nobody comes in. Without rules, auth.method',
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
  user: name.optional().describe('The client; any when absent'),
  database: name.optional().describe('Where; everywhere when absent'),
  as: name.describe('Who logs in at the upstream for him'),
  password: secretSource.optional().describe('The secret of that one; absent: the one that userFile has, or none'),
});
