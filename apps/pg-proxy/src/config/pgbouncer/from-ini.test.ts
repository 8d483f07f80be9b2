import { describe, expect, it } from '@jest/globals';
import { ini, readIni } from '../../testing/ini.ts';
import { proxyConfig } from '../proxy-config.ts';

describe('a pgbouncer.ini', () => {
  it('becomes a configuration with the defaults of PgBouncer', () => {
    const { config, problems, notes } = readIni(ini);
    expect([problems, notes]).toEqual([[], []]);
    expect(proxyConfig.parse(config)).toMatchObject({
      listen: { host: '', port: 6432, socket: { folder: '/tmp', mode: '0777' } },
      upstreams: { 'db:5433': { host: 'db', port: 5433, tls: 'prefer', allowCleartext: true } },
      databases: { clinic: { upstream: 'db:5433' } },
      auth: { method: 'md5', userFile: '/etc/users.txt' },
      pool: { mode: 'session', size: 20, reserve: 0, waitTimeoutMs: 120_000 },
      clientsMax: 100,
      classes: { isOn: false },
    });
  });

  it('takes global settings, and those of databases and users', () => {
    const { config, problems } = readIni(`${ini}listen_addr = *
listen_port = 7000
pool_mode = transaction
default_pool_size = 7
reserve_pool_timeout = 1.5
query_wait_timeout = 0
server_lifetime = 2592000
query_timeout = 30
max_db_connections = 40
max_user_client_connections = 9
admin_users = a, b
ignore_startup_parameters = extra_float_digits, Options
so_reuseport = 1
[users]
app = pool_mode=statement pool_size=3 max_user_connections=5
`);
    expect(problems).toEqual([]);
    expect(proxyConfig.parse(config)).toMatchObject({
      listen: { host: '*', port: 7000, reusePort: true },
      pool: {
        mode: 'transaction',
        size: 7,
        reserveAfterMs: 1_500,
        waitTimeoutMs: 30_000,
        lifetimeMs: 2 ** 31 - 1,
        queryTimeoutMs: 30_000,
      },
      databases: { clinic: { backendsMax: 40 } },
      users: { '*': { clientsMax: 9 }, app: { mode: 'statement', size: 3, backendsMax: 5, clientsMax: 9 } },
      admin: { users: ['a', 'b'] },
      ignoreStartupParameters: ['extra_float_digits', 'options'],
    });
  });

  it('allows only TLS 1.3 if nothing else is listed', () => {
    const tls = 'client_tls_sslmode = require\nclient_tls_cert_file = /cert\nclient_tls_key_file = /key\n';
    const versionsOf = (text: string): unknown[] => {
      const { listen, upstreams } = proxyConfig.parse(readIni(ini + tls + text).config);
      return [listen.tls?.minVersion, upstreams['db:5433']?.tlsMinVersion];
    };
    expect(versionsOf('client_tls_protocols = tlsv1.3\n')).toEqual(['TLSv1.3', 'TLSv1.2']);
    expect(versionsOf('client_tls_protocols = secure\nserver_tls_protocols = TLSv1.3\n')).toEqual([
      'TLSv1.2',
      'TLSv1.3',
    ]);
  });

  it('sets how often names of servers are looked up', () => {
    const lookupOf = (text: string): number | undefined =>
      proxyConfig.parse(readIni(ini + text).config).upstreams['db:5433']?.lookupMs;
    expect([lookupOf(''), lookupOf('dns_max_ttl = 60\n'), lookupOf('dns_max_ttl = 0\n')]).toEqual([
      15_000, 60_000, 1_000,
    ]);
    expect(readIni(`${ini}dns_max_ttl = often\n`).problems).toEqual([
      expect.stringContaining('dns_max_ttl: is not a number of seconds'),
    ]);
  });

  it('limits waiting to query_timeout, as PgBouncer does', () => {
    const { config } = readIni(`${ini}query_timeout = 30
query_wait_timeout = 0
[databases]
a = host=one query_wait_timeout=60
b = host=one query_wait_timeout=5
[users]
app = query_wait_timeout=40
`);
    const { pool, databases, users } = proxyConfig.parse(config);
    expect([pool, databases['a'], databases['b'], users['app']].map((one) => one?.waitTimeoutMs)).toEqual([
      30_000, 30_000, 5_000, 30_000,
    ]);
    expect(proxyConfig.parse(readIni(`${ini}query_timeout = 300`).config).pool.waitTimeoutMs).toBe(120_000);
  });

  it('accepts the connection strings in the comments and documentation of PgBouncer', () => {
    const { config, problems, secrets } = readIni(`[pgbouncer]
auth_file = /etc/users.txt
server_tls_sslmode = verify-full
server_tls_ca_file = /etc/ca.pem
[databases]
foodb =
bardb = host=localhost dbname=bazdb
forcedb = host=localhost port=300 user=baz password='fo''o' client_encoding=UNICODE datestyle=ISO
nondefaultdb = pool_size=50 reserve_pool=10
"My ""db""" = host=2001:db8::1
* = host=testserver
`);
    expect(problems).toEqual([]);
    const parsed = proxyConfig.parse(config);
    expect(parsed.databases).toMatchObject({
      foodb: { upstream: '/tmp:5432' },
      bardb: { upstream: 'localhost:5432', database: 'bazdb' },
      forcedb: { user: 'baz', parameters: { client_encoding: 'UNICODE', datestyle: 'ISO' } },
      nondefaultdb: { size: 50, reserve: 10 },
      'My "db"': { upstream: '2001:db8::1:5432' },
      '*': { upstream: 'testserver:5432' },
    });
    expect(parsed.upstreams['testserver:5432']).toMatchObject({ tls: 'verify-full', ca: '/etc/ca.pem' });
    expect(parsed.upstreams['/tmp:5432']).toMatchObject({ tls: 'disable' });
    expect(Object.values(secrets)).toEqual(["fo'o"]);
    expect(JSON.stringify(config)).not.toContain("fo'o");
  });

  it('accepts words in any case, quotes as PgBouncer does, and settings after a header', () => {
    const { config, problems, secrets } = readIni(`[pgbouncer] auth_type = TRUST
auth_file = /etc/users.txt
pool_mode = Transaction
unix_socket_dir = /run/bouncer
server_tls_sslmode = Require
[databases] first = user=u password="a'b"
'my db' = host=one pool_mode=SESSION
`);
    expect(problems).toEqual([]);
    expect(proxyConfig.parse(config)).toMatchObject({
      pool: { mode: 'transaction' },
      auth: { method: 'trust' },
      upstreams: { 'one:5432': { tls: 'require' } },
      databases: { first: { upstream: '/run/bouncer:5432' }, 'my db': { upstream: 'one:5432', mode: 'session' } },
    });
    expect(Object.values(secrets)).toEqual([`"a'b"`]);
    expect(readIni(`${ini}pool_mode = session # for now\n`).problems).toEqual([
      '/etc/pgbouncer.ini:5: pool_mode: "session # for now" is not a valid value',
    ]);
  });

  it('with lifetime and idle timeout of 0 s closes a backend after one use and always checks it', () => {
    const { config } = readIni(`[databases]
a = server_lifetime=0
b = server_lifetime=20
[pgbouncer]
auth_file = /etc/users.txt
server_lifetime = 0
server_check_delay = 0
server_idle_timeout = 0
`);
    const parsed = proxyConfig.parse(config);
    expect(parsed.pool).toMatchObject({ lifetimeMs: 1, checkAfterMs: 1_000, idleTimeoutMs: 2 ** 31 - 1 });
    expect([parsed.databases['a']?.lifetimeMs, parsed.databases['b']?.lifetimeMs]).toEqual([undefined, 20_000]);
  });

  it('returns to the defaults if [pgbouncer] starts again, and says so', () => {
    const { config, problems, notes } = readIni(
      `${ini}pool_mode = transaction
%include /etc/clinic.ini
max_client_conn = 7
`,
      { '/etc/clinic.ini': '[pgbouncer]\ndefault_pool_size = 3\n' },
    );
    expect(problems).toEqual([]);
    expect(proxyConfig.parse(config)).toMatchObject({
      pool: { mode: 'session', size: 3 },
      clientsMax: 7,
      auth: { userFile: '/etc/users.txt' },
    });
    expect(notes).toEqual([
      '/etc/pgbouncer.ini:5: pool_mode is ignored: [pgbouncer] begins again later, with all defaults',
    ]);
  });

  it('reports by place and name what has no effect and what is not supported', () => {
    const { notes, problems } = readIni(`${ini}logfile = /var/log/x
server_reset_query = DISCARD ALL
disable_pqexec = 1
pool_mod = session
max_client_conn = many
nonsense
[databases]
a = host=one,two connect_query='SET x.y = 1; SELECT f()'
b = host='open
c = sslmode=require
[else]
x = 1
`);
    expect(notes).toEqual(
      expect.arrayContaining([
        expect.stringContaining('/etc/pgbouncer.ini:5: logfile has no effect here: '),
        expect.stringContaining('/etc/pgbouncer.ini:6: server_reset_query has no effect here: '),
      ]),
    );
    expect(problems.map((problem) => problem.replace('/etc/pgbouncer.ini:', ''))).toEqual([
      '10: is not `name = value`, [section], %include or a comment after ; or #',
      '7: disable_pqexec: simple queries cannot be disabled',
      '8: there is no setting pool_mod; did you mean pool_mode?',
      '9: max_client_conn: "many" is not a valid value',
      '12: a: connect_query can only SET session settings here',
      '13: b: the connection string is not valid',
      '14: c: there is no setting sslmode; server_tls_sslmode and the like in [pgbouncer] set it for all servers',
      '16: there is no section [else]',
    ]);
  });

  it('accepts lists of hosts, balanced or not', () => {
    const { config, problems } = readIni(`${ini}[databases]
a = host=one,two
b = host=one,two load_balance_hosts=disable
c = host=/run/one,/run/two
`);
    expect(problems).toEqual([]);
    const { upstreams, databases } = proxyConfig.parse(config);
    const of = (name: string): unknown => upstreams[databases[name]!.upstream];
    expect(of('a')).toMatchObject({ host: 'one,two', tls: 'prefer', loadBalanceHosts: 'round-robin' });
    expect(of('b')).toMatchObject({ host: 'one,two', loadBalanceHosts: 'disable' });
    expect(of('c')).toMatchObject({ host: '/run/one,/run/two', tls: 'disable' });
    const wrong = readIni(`${ini}[databases]\na = host=one,two load_balance_hosts=random\n`);
    expect(wrong.problems).toEqual([expect.stringContaining('load_balance_hosts must be round-robin or disable')]);
  });

  it.each([
    ['listen_addr = *\nunix_socket_dir =\n', { host: '*' }],
    [
      'listen_addr = 10.0.0.1 , ::1\nunix_socket_dir = /run/pg\nunix_socket_mode = 0770\n',
      { host: '10.0.0.1, ::1', socket: { folder: '/run/pg', mode: '0770' } },
    ],
  ])('listens where PgBouncer listens: %j', (text, listen) => {
    const { config, problems } = readIni(ini + text);
    expect(problems).toEqual([]);
    expect(proxyConfig.parse(config).listen).toEqual({ port: 6432, reusePort: false, ...listen });
  });

  it.each([
    ['unix_socket_dir = @abstract', 'unix_socket_dir: abstract sockets are not supported'],
    ['unix_socket_group = staff', 'unix_socket_group: the socket has the group'],
  ])('has no %s', (line, problem) => {
    expect(readIni(`${ini}${line}\n`).problems).toEqual([expect.stringContaining(problem)]);
  });

  it('follows %include, and reports where it is circular', () => {
    const more = {
      '/etc/more.ini': 'pool_mode = transaction\n%include /etc/gone.ini\n',
      '/etc/loop.ini': '%include /etc/loop.ini\n',
    };
    const { config, problems } = readIni(`${ini}%include /etc/more.ini\n%include /etc/loop.ini\n`, more);
    expect(config.pool).toMatchObject({ mode: 'transaction' });
    expect(problems).toEqual([
      '/etc/more.ini:2: /etc/gone.ini cannot be read: no such file',
      '/etc/loop.ini:1: /etc/loop.ini cannot be read: files include each other',
    ]);
  });

  it.each([
    ['so_reuseport = 1\npeer_id = 3\n', 9_477],
    ['so_reuseport = 1\n', 0],
    ['peer_id = 3\n', 9_475],
  ])('puts metrics on a port of its own for each process of the host: %j', (text, port) => {
    expect(proxyConfig.parse(readIni(ini + text).config).metrics.port).toBe(port);
  });

  it.each([
    ['default_pool_size = 010', 'size', 8],
    ['default_pool_size = 0x10', 'size', 16],
    ['max_prepared_statements = 0100', 'preparedStatements', 64],
  ])('reads numbers as C does: %s', (line, field, number) => {
    const { config, problems } = readIni(`${ini}${line}\n`);
    expect(problems).toEqual([]);
    expect(proxyConfig.parse(config).pool).toMatchObject({ [field]: number });
  });

  it('refuses numbers that C would read partly', () => {
    expect(readIni(`${ini}default_pool_size = 08\n`).problems).toEqual([
      expect.stringContaining('"08" is not a valid value'),
    ]);
  });

  it('reports what is wrong in [peers]', () => {
    const { config, problems, notes } = readIni(
      `${ini}peer_id = 1\n[peers]\n2 = host=two pool_size=5\n3 = host=three sslmode=require\n300 = host=four\n5 = port=1\n`,
    );
    expect(proxyConfig.parse(config).instance.peers).toEqual({ 2: { host: 'two', port: 6432, tls: 'disable' } });
    expect(notes).toEqual([expect.stringContaining(':7: 2: pool_size has no effect here')]);
    expect(problems.map((problem) => problem.replace('/etc/pgbouncer.ini:', ''))).toEqual([
      '8: 3: there is no setting sslmode of a peer',
      '9: 300: peers are numbered from 1 to 255 here; renumber them in the files of all peers',
      '10: 5: a peer needs a host and a port here',
    ]);
    expect(readIni(`${ini}[peers]\n2 = host=two\n`).notes).toEqual([
      expect.stringContaining('2: has no effect without'),
    ]);
  });

  it('has no user `*`, who would stand for everybody here', () => {
    expect(readIni(`${ini}[users]\n* = pool_size=3\n`).problems).toEqual([
      expect.stringContaining('*: is not supported'),
    ]);
  });

  it('reports that auth_type any admits only named users to the console', () => {
    expect(readIni(`${ini}auth_type = any\n`).notes).toEqual([
      expect.stringContaining('any does not open the console'),
    ]);
  });

  it('has peers', () => {
    const { config } = readIni(`${ini}peer_id = 1\n[peers]\n1 = host=one\n2 = host=two port=7000\n`);
    expect(proxyConfig.parse(config).instance).toMatchObject({ id: 1, peers: { 2: { host: 'two', port: 7000 } } });
  });
});
