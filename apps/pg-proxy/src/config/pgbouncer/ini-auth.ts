import type { Gathering } from './gathering.ts';
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
export function readAuth(gathering: Gathering): void {
  const type = (gathering.value('auth_type') ?? 'md5').toLowerCase();
  const userFile = gathering.file('auth_file');
  const method = methods[type];
  gathering.set('auth', { onlyKnown: true, userFile, method });
  if (type === 'hba') takeHba(gathering);
  else if (method === undefined)
    gathering.problem('auth_type', `${type} is not supported; use ${Object.keys(methods).join(', ')} or hba`);
  else if (type === 'ldap') takeLdap(gathering, gathering.value('auth_ldap_options') ?? '', 'auth_ldap_options');
  if (type === 'plain' || type === 'ldap') allowCleartext(gathering);
  if (type === 'any')
    gathering.note('auth_type', 'any does not open the console to everybody, only to admin_users and stats_users');
  takeQuery(gathering);
}

/** PgBouncer accepts passwords on any connection. */
function allowCleartext(gathering: Gathering): void {
  gathering.set('auth.allowCleartext', true);
  if ((gathering.value('client_tls_sslmode') ?? 'disable') === 'disable')
    gathering.note('auth_type', 'clients send passwords unencrypted; set client_tls_sslmode=require');
}

function takeHba(gathering: Gathering): void {
  const [file, identFile] = [gathering.file('auth_hba_file'), gathering.file('auth_ident_file')];
  if (file === undefined) return gathering.problem('auth_hba_file', 'is required by auth_type hba');
  const maps = identFile === undefined ? '' : textOf(gathering, 'auth_ident_file', identFile);
  const text = textOf(gathering, 'auth_hba_file', file);
  if (maps === undefined || text === undefined) return;
  const ident = readIdent(maps);
  const { rules, ldap, problems } = readHba(text, ident.maps);
  for (const problem of ident.problems) gathering.problems.push(`${identFile}: ${problem}`);
  for (const problem of problems) gathering.problems.push(`${file}: ${problem}`);
  const inVain = canShowCertificates(gathering) ? [] : rules.filter(({ method }) => method === 'cert');
  gathering.set(
    'auth.rules',
    rules.map((rule) => (inVain.includes(rule) ? { ...rule, method: 'reject', certificates: undefined } : rule)),
  );
  if (inVain.length > 0)
    gathering.note(
      'auth_hba_file',
      'its lines with cert let nobody in without client_tls_sslmode and client_tls_ca_file',
    );
  if (rules.length === 0 && problems.length === 0)
    gathering.problems.push(`${file}: has no rule, so nobody could log in`);
  const [first, ...others] = ldap;
  if (others.some(({ options }) => options !== first?.options))
    gathering.problems.push(`${file}: names several LDAP directories; only one is supported`);
  if (first !== undefined) takeLdap(gathering, first.options, 'auth_hba_file');
  if (rules.some((rule) => rule.method === 'password' || rule.method === 'ldap')) allowCleartext(gathering);
}

/** The server's own pg_hba.conf may be used, which may have lines with cert although PgBouncer has no TLS. */
const canShowCertificates = (gathering: Gathering): boolean =>
  gathering.file('client_tls_ca_file') !== undefined &&
  (gathering.value('client_tls_sslmode') ?? 'disable') !== 'disable';

/** The text of a file that a setting names. Undefined: it cannot be read, which is reported as a problem. */
function textOf(gathering: Gathering, setting: string, file: string): string | undefined {
  try {
    return gathering.read(file);
  } catch (error) {
    gathering.problem(setting, (error as Error).message);
    return undefined;
  }
}

function takeLdap(gathering: Gathering, options: string, from: string): void {
  const { ldap, password, problem, notes } = readLdapOptions(options);
  if (problem !== undefined || ldap === undefined) return gathering.problem(from, problem ?? '');
  for (const note of notes) gathering.note(from, note);
  const search = ldap.search as object | undefined;
  const isSecret = search !== undefined && password !== undefined;
  gathering.set('auth.ldap', {
    ...ldap,
    ...(isSecret && { search: { ...search, password: gathering.secret('ldapbindpasswd', password) } }),
  });
}

/** The query of the file; databases may have their own, which `readDatabases` reads. */
function takeQuery(gathering: Gathering): void {
  const query = queryOf(gathering, new Map());
  if (query === undefined) return;
  const databases = gathering.config['databases'] as Record<string, unknown>;
  const asked = gathering.value('auth_dbname');
  if (asked === undefined || Object.hasOwn(databases, asked) || Object.hasOwn(databases, '*'))
    return gathering.set('auth.query', query);
  // PgBouncer only notices when it looks up a user, and refuses that user.
  gathering.note(
    'auth_dbname',
    `[databases] has no ${asked}, so nobody is looked up: only users in auth_file can log in`,
  );
}

/** How users are looked up, by the parameters of a database and of the file; undefined: they are not. */
export function queryOf(gathering: Gathering, parameters: ReadonlyMap<string, string>): object | undefined {
  const [user, sql, database] = ['auth_user', 'auth_query', 'auth_dbname'].map(
    (name) => parameters.get(name) ?? gathering.value(name),
  );
  if (user === undefined) return undefined;
  // As in PgBouncer, a user who may no longer log in is refused at once.
  return { user, ttlMs: 0, ...(sql !== undefined && { sql }), ...(database !== undefined && { database }) };
}
