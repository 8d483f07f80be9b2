import { describe, expect, it } from '@jest/globals';
import { ini, readIni } from '../../testing/ini.ts';
import { proxyConfig } from '../proxy-config.ts';

describe('authentication in a pgbouncer.ini', () => {
  it.each([
    ['auth_user = asker', { user: 'asker', ttlMs: 0 }],
    [
      'auth_user = asker\nauth_query = SELECT * FROM get_auth($1)\nauth_dbname = users',
      { sql: 'SELECT * FROM get_auth($1)', database: 'users' },
    ],
  ])('asks for secrets with %s', (text, query) => {
    const { config, problems } = readIni(`[databases]\nusers =\n[pgbouncer]\nauth_file = /u\n${text}\n`);
    expect(problems).toEqual([]);
    expect(config.auth).toMatchObject({ query });
  });

  it('asks nobody if the database to ask does not exist', () => {
    const lines = 'auth_file = /u\nauth_user = asker\nauth_dbname = users\n';
    const { config, problems, notes } = readIni(`[databases]\na = host=one\n[pgbouncer]\n${lines}`);
    expect(problems).toEqual([]);
    expect(proxyConfig.parse(config).auth.query).toBeUndefined();
    expect(notes).toEqual([expect.stringContaining('auth_dbname: [databases] has no users')]);
    expect(readIni(`[databases]\n* = host=one\n[pgbouncer]\n${lines}`).config.auth).toMatchObject({
      query: { user: 'asker', database: 'users' },
    });
  });

  it('follows the setting of a database, and asks nobody if there is none', () => {
    const { config, problems } = readIni(`[pgbouncer]
auth_query = SELECT a, b FROM c($1)
[databases]
a = auth_user=x
b = auth_user=y auth_query='SELECT 1' auth_dbname=a
c =
`);
    expect(problems).toEqual([]);
    const { auth, databases } = proxyConfig.parse(config);
    expect(auth.query).toBeUndefined();
    expect(databases.a?.authQuery).toEqual({ user: 'x', ttlMs: 0, sql: 'SELECT a, b FROM c($1)' });
    expect(databases.b?.authQuery).toEqual({ user: 'y', ttlMs: 0, sql: 'SELECT 1', database: 'a' });
    expect(databases.c?.authQuery).toBeUndefined();
  });

  it.each([
    [
      'ldapserver=one ldapprefix="uid=" ldapsuffix=",ou=people" ldaptls=1',
      { urls: ['ldap://one'], startTls: true, bind: 'uid={user},ou=people' },
    ],
    [
      'ldapurl="ldaps://127.0.0.1:12345/dc=example,dc=net?uid?sub"',
      { urls: ['ldaps://127.0.0.1:12345'], search: { base: 'dc=example,dc=net', filter: '(uid={user})' } },
    ],
    [
      'ldapserver="one two" ldapport=390 ldapbasedn="dc=x" ldapbinddn="cn=a" ldapbindpasswd=geheim ldapsearchfilter="(|(uid=$username)(mail=$username))"',
      {
        urls: ['ldap://one:390', 'ldap://two:390'],
        allowPlain: true,
        search: { bindAs: 'cn=a', filter: '(|(uid={user})(mail={user}))' },
      },
    ],
  ])('uses the LDAP directory of %s', (options, ldap) => {
    const { config, problems, notes, secrets } = readIni(`${ini}auth_type = ldap\nauth_ldap_options = ${options}\n`);
    expect(problems).toEqual([]);
    const { auth } = proxyConfig.parse(config);
    expect(auth).toMatchObject({ method: 'ldap', ldap, allowCleartext: true });
    expect(notes.join('\n')).toContain('send passwords');
    expect(JSON.stringify([config, notes])).not.toContain('geheim');
    expect(Object.values(secrets)).toEqual(options.includes('geheim') ? ['geheim'] : []);
  });

  it.each(['dc=50%', 'dc=x?uid?sub?(cn=%zz)', 'dc=x?uid?one'])('refuses an LDAP URL like ldap://one/%s', (rest) => {
    const { problems } = readIni(`${ini}auth_type = ldap\nauth_ldap_options = ldapurl=ldap://one/${rest}\n`);
    expect(problems).toEqual([expect.stringContaining('auth_ldap_options: ldapurl is not valid')]);
  });

  it('follows a file like pg_hba.conf', () => {
    const hba = `# TYPE DATABASE USER ADDRESS METHOD
local all all md5
hostssl all "odd name",app 10.0.0.0/8 scram-sha-256   # inside
host lab robot 192.168.0.0 255.255.0.0 trust
hostnossl all all all reject
host all all ::/0 md5
host clinic, lab "a, b" ,	c 2001:db8:: ffff:ffff:: trust
host all all ::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff trust
`;
    const { config, problems } = readIni(`${ini}auth_type = hba\nauth_hba_file = /hba\n`, { '/hba': hba });
    expect(problems).toEqual([]);
    expect(proxyConfig.parse(config).auth.rules).toEqual([
      { addresses: ['unix'], method: 'md5' },
      { users: ['odd name', 'app'], addresses: ['10.0.0.0/8'], tls: true, method: 'scram-sha-256' },
      { databases: ['lab'], users: ['robot'], addresses: ['192.168.0.0/16'], method: 'trust' },
      { addresses: ['0.0.0.0/0', '::/0'], tls: false, method: 'reject' },
      { addresses: ['::/0'], method: 'md5' },
      { databases: ['clinic', 'lab'], users: ['a, b', 'c'], addresses: ['2001:db8::/32'], method: 'trust' },
      { addresses: ['::1/128'], method: 'trust' },
    ]);
  });

  it('ignores replication lines of a pg_hba.conf, because replication is refused anyway', () => {
    const hba =
      'local replication all peer\nhost replication all ::1/128 scram-sha-256\nhost "replication",replication,lab all all md5\n';
    const { config, problems } = readIni(`${ini}auth_type = hba\nauth_hba_file = /hba\n`, { '/hba': hba });
    expect(problems).toEqual([]);
    expect((config as { auth: { rules: unknown } }).auth.rules).toEqual([
      { databases: ['replication', 'lab'], addresses: ['0.0.0.0/0', '::/0'], method: 'md5' },
    ]);
  });

  it('admits clients of the socket as their operating system user, or as a map says', () => {
    const files = {
      '/hba': 'local clinic all peer map=staff\nlocal all all peer\n',
      '/ident': 'staff postgres app\nstaff root all\n',
    };
    const { config, problems } = readIni(
      `${ini}auth_type = hba\nauth_hba_file = /hba\nauth_ident_file = /ident\n`,
      files,
    );
    expect(problems).toEqual([]);
    expect(proxyConfig.parse(config).auth.rules).toEqual([
      {
        databases: ['clinic'],
        addresses: ['unix'],
        method: 'peer',
        peers: [{ name: 'postgres', user: 'app' }, { name: 'root' }],
      },
      { addresses: ['unix'], method: 'peer' },
    ]);
  });

  it('maps certificates by a file like pg_ident.conf', () => {
    const files = {
      '/hba': 'hostssl clinic all all cert map=doctors\nhostssl all all all cert\n',
      '/ident': `# MAP NAME USER
doctors	"Dr. Who"	"the ""doctor"""  # quoted
other x y
doctors\tward.example all
`,
    };
    const tls =
      'client_tls_sslmode = require\nclient_tls_cert_file = /c\nclient_tls_key_file = /k\nclient_tls_ca_file = /ca\n';
    const { config, problems, notes } = readIni(
      `${ini}${tls}auth_type = hba\nauth_hba_file = /hba\nauth_ident_file = /ident\n`,
      files,
    );
    expect([problems, notes]).toEqual([[], []]);
    expect((config as { auth: { rules: unknown } }).auth.rules).toEqual([
      {
        databases: ['clinic'],
        addresses: ['0.0.0.0/0', '::/0'],
        tls: true,
        method: 'cert',
        certificates: [{ name: 'Dr. Who', user: 'the "doctor"' }, { name: 'ward.example' }],
      },
      { addresses: ['0.0.0.0/0', '::/0'], tls: true, method: 'cert' },
    ]);
    const odd = readIni(`${ini}auth_type = hba\nauth_hba_file = /hba\nauth_ident_file = /ident\n`, {
      '/hba': 'hostssl all all all cert map=m',
      '/ident': 'm one two\nm /^a b\nm a +b\nm a\n',
    });
    expect(odd.problems).toEqual([2, 3, 4].map((line) => `/ident: line ${line}: is not of the form map, name, user`));
  });

  it('admits nobody by certificate where none can be shown, as with the pg_hba.conf of a server', () => {
    const { config, problems, notes } = readIni(`${ini}auth_type = hba\nauth_hba_file = /hba\n`, {
      '/hba': 'hostssl all admin all cert\nhost all all all md5\n',
    });
    expect(problems).toEqual([]);
    expect(proxyConfig.parse(config).auth.rules.map(({ method }) => method)).toEqual(['reject', 'md5']);
    expect(notes).toEqual([expect.stringContaining('auth_hba_file: its lines with cert let nobody in')]);
  });

  it.each([
    ['host all +admins all md5', 'line 1: names with +'],
    ['host sameuser all all md5', 'line 1: names with +'],
    ['host all all db.example.org md5', 'is not a network'],
    ['host all all all gss', 'line 1: method gss is not supported'],
    ['host all all all peer', 'line 1: method peer is only for lines of type local'],
    ['host all all unix md5', 'is not a network'],
    ['hostgssenc all all all md5', 'line 1: hostgssenc is not a connection type'],
    ['hostssl all all all trust clientcert=verify-full', 'line 1: clientcert=verify-full is not an option of trust'],
    ['hostssl all all all cert map=doctors', 'line 1: doctors is not a map in auth_ident_file'],
    ['hostssl all all all md5 map=doctors', 'line 1: map=doctors is not an option of md5'],
    [
      'hostssl all all all cert map=doctors clientname=DN',
      'line 1: map=doctors clientname=DN is not an option of cert',
    ],
    ['host all all ::1 ffff:: trust ffff', 'line 1: ffff is not an option of trust'],
    ['host all all ::1 ff0f:: trust', 'line 1: ::1 is not a network'],
    ['', 'has no rule'],
  ])('is refused rather than half understood: %s', (line, problem) => {
    const { problems } = readIni(`${ini}auth_type = hba\nauth_hba_file = /hba\n`, { '/hba': line });
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  it.each(['password', 'ldap ldapserver=a'])('accepts cleartext passwords for lines with %s', (method) => {
    const { config } = readIni(`${ini}auth_type = hba\nauth_hba_file = /hba\n`, {
      '/hba': `host all all all ${method}`,
    });
    expect(proxyConfig.parse(config).auth.allowCleartext).toBe(true);
  });

  it('requires auth_hba_file with auth_type hba', () => {
    const problem = expect.stringContaining('auth_hba_file: is required by auth_type hba');
    expect(readIni(`${ini}auth_type = hba\n`).problems).toEqual([problem]);
  });

  it('reports an unreadable file and nothing else about it', () => {
    const { problems } = readIni(`${ini}auth_type = hba\nauth_hba_file = /nowhere\n`);
    expect(problems).toEqual([expect.stringContaining('auth_hba_file')]);
    expect(problems[0]).not.toContain('has no rule');
  });

  it('accepts cleartext passwords with auth_type plain, and warns of them without TLS', () => {
    const plain = readIni(`${ini}auth_type = plain\n`);
    expect(proxyConfig.parse(plain.config).auth).toMatchObject({ method: 'password', allowCleartext: true });
    expect(plain.notes).toEqual([expect.stringContaining('auth_type: clients send passwords unencrypted')]);
    const tls = 'client_tls_sslmode = require\nclient_tls_cert_file = /c\nclient_tls_key_file = /k\n';
    expect(readIni(`${ini}${tls}auth_type = plain\n`).notes).toEqual([]);
  });

  it.each(['pam', 'peer'])('does not support auth_type %s', (type) => {
    expect(readIni(`${ini}auth_type = ${type}\n`).problems).toEqual([
      expect.stringContaining(`auth_type: ${type} is not supported`),
    ]);
  });
});
