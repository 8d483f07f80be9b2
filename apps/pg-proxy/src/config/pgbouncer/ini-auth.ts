import type { ConfigBuilder } from './config-builder.ts';
import { readHba, readIdent } from './hba-file.ts';
import { readLdapOptions } from './ldap-options.ts';

const methods: Readonly<Record<string, string>> = {
  md5: 'md5',
  'scram-sha-256': 'scram-sha-256',
  plain: 'password',
  trust: 'trust',
  any: 'any',
  cert: 'cert',
  ldap: 'ldap',
};

/** Who may log in: auth_* of the file and of its databases. */
export function readAuth(builder: ConfigBuilder): void {
  const type = (builder.value('auth_type') ?? 'md5').toLowerCase();
  const userFile = builder.file('auth_file');
  const method = methods[type];
  builder.set('auth', { onlyKnown: true, userFile, method });
  if (type === 'hba') readHbaFile(builder);
  else if (method === undefined)
    builder.problem('auth_type', `${type} is not supported; use ${Object.keys(methods).join(', ')} or hba`);
  else if (type === 'ldap') readLdap(builder, builder.value('auth_ldap_options') ?? '', 'auth_ldap_options');
  if (type === 'plain' || type === 'ldap') allowCleartext(builder);
  if (type === 'any')
    builder.note('auth_type', 'any does not open the console to everybody, only to admin_users and stats_users');
  readAuthQuery(builder);
}

/** PgBouncer accepts passwords on any connection. */
function allowCleartext(builder: ConfigBuilder): void {
  builder.set('auth.allowCleartext', true);
  if ((builder.value('client_tls_sslmode') ?? 'disable') === 'disable')
    builder.note('auth_type', 'clients send passwords unencrypted; set client_tls_sslmode=require');
}

function readHbaFile(builder: ConfigBuilder): void {
  const [file, identFile] = [builder.file('auth_hba_file'), builder.file('auth_ident_file')];
  if (file === undefined) return builder.problem('auth_hba_file', 'is required by auth_type hba');
  const maps = identFile === undefined ? '' : textOf(builder, 'auth_ident_file', identFile);
  const text = textOf(builder, 'auth_hba_file', file);
  if (maps === undefined || text === undefined) return;
  const ident = readIdent(maps);
  const { rules, ldap, problems } = readHba(text, ident.maps);
  for (const problem of ident.problems) builder.problems.push(`${identFile}: ${problem}`);
  for (const problem of problems) builder.problems.push(`${file}: ${problem}`);
  const unusable = canShowCertificates(builder) ? [] : rules.filter(({ method }) => method === 'cert');
  builder.set(
    'auth.rules',
    rules.map((rule) => (unusable.includes(rule) ? { ...rule, method: 'reject', certificates: undefined } : rule)),
  );
  if (unusable.length > 0)
    builder.note(
      'auth_hba_file',
      'its lines with cert let nobody in without client_tls_sslmode and client_tls_ca_file',
    );
  if (rules.length === 0 && problems.length === 0)
    builder.problems.push(`${file}: has no rule, so nobody could log in`);
  const [first, ...others] = ldap;
  if (others.some(({ options }) => options !== first?.options))
    builder.problems.push(`${file}: names several LDAP directories; only one is supported`);
  if (first !== undefined) readLdap(builder, first.options, 'auth_hba_file');
  if (rules.some((rule) => rule.method === 'password' || rule.method === 'ldap')) allowCleartext(builder);
}

/** The server's own pg_hba.conf may be used, which may have lines with cert although PgBouncer has no TLS. */
const canShowCertificates = (builder: ConfigBuilder): boolean =>
  builder.file('client_tls_ca_file') !== undefined && (builder.value('client_tls_sslmode') ?? 'disable') !== 'disable';

/** The text of a file that a setting names. Undefined: it cannot be read, which is reported as a problem. */
function textOf(builder: ConfigBuilder, setting: string, file: string): string | undefined {
  try {
    return builder.read(file);
  } catch (error) {
    builder.problem(setting, (error as Error).message);
    return undefined;
  }
}

function readLdap(builder: ConfigBuilder, options: string, from: string): void {
  const { ldap, password, problem, notes } = readLdapOptions(options);
  if (problem !== undefined || ldap === undefined) return builder.problem(from, problem ?? '');
  for (const note of notes) builder.note(from, note);
  const search = ldap.search as object | undefined;
  const isSecret = search !== undefined && password !== undefined;
  builder.set('auth.ldap', {
    ...ldap,
    ...(isSecret && { search: { ...search, password: builder.secret('ldapbindpasswd', password) } }),
  });
}

/** The query of the file; databases may have their own, which `readDatabases` reads. */
function readAuthQuery(builder: ConfigBuilder): void {
  const query = queryOf(builder, new Map());
  if (query === undefined) return;
  const databases = builder.config['databases'] as Record<string, unknown>;
  const asked = builder.value('auth_dbname');
  if (asked === undefined || Object.hasOwn(databases, asked) || Object.hasOwn(databases, '*'))
    return builder.set('auth.query', query);
  // PgBouncer only notices when it looks up a user, and refuses that user.
  builder.note(
    'auth_dbname',
    `[databases] has no ${asked}, so nobody is looked up: only users in auth_file can log in`,
  );
}

/** How users are looked up, by the parameters of a database and of the file; undefined: they are not. */
export function queryOf(builder: ConfigBuilder, parameters: ReadonlyMap<string, string>): object | undefined {
  const [user, sql, database] = ['auth_user', 'auth_query', 'auth_dbname'].map(
    (name) => parameters.get(name) ?? builder.value(name),
  );
  if (user === undefined) return undefined;
  // As in PgBouncer, a user who may no longer log in is refused at once.
  return { user, ttlMs: 0, ...(sql !== undefined && { sql }), ...(database !== undefined && { database }) };
}
