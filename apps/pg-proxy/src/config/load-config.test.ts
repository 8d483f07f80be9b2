import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { md5Password, scramVerifier, writeVerifier } from '@medrex/pg-wire';
import { nameKey } from '@medrex/pool';
import { poolNameOf } from '../upstream/upstream-logins.ts';
import { selfSigned } from '../testing/self-signed.ts';
import { loadConfig, type LoadedConfig } from './load-config.ts';
import { readUserFile } from './user-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'medrex-pg-proxy-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const salt = Buffer.alloc(32, 1);
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};
const minimal = {
  upstreams: { main: {} },
  databases: { '*': { upstream: 'main' } },
  auth: { userFile: file('users.txt', '"a" "secret"\n') },
};
const load = (config: unknown, environment = {}): unknown => {
  try {
    return loadConfig({ file: join(folder, file('config.json', JSON.stringify(config))) }, { environment, salt });
  } catch (error) {
    return (error as Error).message;
  }
};

describe('loadConfig', () => {
  it('says where a secret in the configuration belongs, without showing it', () => {
    const said = load({ ...minimal, databases: { clinic: { upstream: 'main', user: 'u', password: 'hunter2' } } });
    expect(said).toContain('{"file": "..."} or {"env": "..."}');
    expect(said).toContain('databases.clinic.password');
    expect(said).not.toContain('hunter2');
  });

  it('reports what does not fit together in addition to invalid fields', () => {
    const databases = { clinic: { upstream: 'nowhere' } };
    const said = load({
      ...minimal,
      databases,
      pool: { size: 0 },
      bogus: 1,
      users: { a: { databases: ['gone'], size: 'x' } },
    });
    for (const problem of ['bogus', 'pool.size', 'users.a.size', 'there is no nowhere', 'there is no gone'])
      expect(said).toContain(problem);
  });

  it('refuses a duration that a timer cannot wait for', () => {
    const thirtyDays = 30 * 86_400_000;
    for (const more of [
      { loginTimeoutMs: thirtyDays },
      { drain: { timeoutMs: thirtyDays } },
      { pool: { lifetimeMs: thirtyDays } },
    ])
      expect(load({ ...minimal, ...more })).toMatch(/too big: expected number to be <=2147483647/);
  });

  it('accepts a file that starts with a byte order mark', () => {
    const marked = file('marked.json', `\uFEFF${JSON.stringify(minimal)}`);
    expect(loadConfig({ file: join(folder, marked) }, { environment: {}, salt }).users.size).toBe(1);
  });

  it('fills in defaults', () => {
    expect(load(minimal)).toMatchObject({
      config: { listen: { host: '127.0.0.1', port: 6432 }, pool: { mode: 'transaction', size: 20 } },
    });
  });

  it('gives a database in a pgbouncer.ini that names a user one pool for all', () => {
    const ini = `[databases]
forced = host=db user=app password=secret
own = host=db
[users]
alice = pool_size=3
[pgbouncer]
auth_file = ${join(folder, 'users.txt')}
max_user_connections = 30
`;
    const loaded = loadConfig({ pgbouncerIni: join(folder, file('pgbouncer.ini', ini)) }, { environment: {}, salt });
    const users = (database: string) =>
      ['alice', 'bob', 'app'].map((user) => poolNameOf(loaded, 'db:5432', database, user));
    expect(new Set(users('forced').map(nameKey)).size).toBe(1);
    expect(users('own').map(({ user }) => user)).toEqual(['alice', 'bob', 'app']);
  });

  it('does not know a user by [users] alone, even if no password is needed (PgBouncer 1.18 did, 1.25 does not)', () => {
    const ini = '[databases]\n* = host=db\n[users]\nalice = pool_size=3\n[pgbouncer]\nauth_type = trust\n';
    const trusting = (more: string) => () =>
      loadConfig({ pgbouncerIni: join(folder, file('trust.ini', ini + more)) }, { environment: {}, salt });
    expect(trusting('')).toThrow('the users must come from it or from a query');
    expect([...trusting(`auth_file = ${join(folder, 'users.txt')}\n`)().users.keys()]).toEqual(['a']);
  });

  it('reads secrets from files and the environment', () => {
    const password = { file: file('password', 'from file\n') };
    const databases = {
      a: { upstream: 'main', user: 'u', password },
      b: { upstream: 'main', user: 'u', password: { env: 'B_PASSWORD' } },
    };
    const { identities } = load({ ...minimal, databases }, { B_PASSWORD: 'from environment' }) as LoadedConfig;
    const secrets = ['a', 'b'].map((database) => identities.find('u', database, database)?.password);
    expect(secrets.map((secret) => secret?.reveal())).toEqual(['from file', 'from environment']);
    expect(JSON.stringify(secrets) + inspect(secrets)).not.toContain('from');
  });

  it('reports every problem at once', () => {
    const databases = {
      a: { upstream: 'none' },
      b: { upstream: 'main', password: { env: 'NOT_SET' }, upstreamOfClass: { bulk: 'nowhere' } },
    };
    const auth = { userFile: file('bad.txt', '"a" "b"\nnonsense\n') };
    const identities = [{ user: 'u', database: 'klinik', as: 'reader' }];
    const cache = { rules: [{ databases: ['b', 'clinc'] }] };
    const message = load({ ...minimal, databases, auth, identities, cache }) as string;
    for (const problem of [
      'there is no none',
      'databases.b.upstreamOfClass.bulk: there is no nowhere',
      'identities.0.database: there is no klinik',
      'cache.rules.0.databases: there is no clinc',
      'password: needs user',
      'NOT_SET is not set',
      'line 2',
    ])
      expect(message).toContain(problem);
  });

  it.each([
    ['a word that is none', { ...minimal, lissten: {} }, 'lissten'],
    [
      'a secret in the file itself',
      { ...minimal, databases: { a: { upstream: 'main', user: 'u', password: 'x' } } },
      'password',
    ],
    ['a mode that is none', { ...minimal, pool: { mode: 'magic' } }, 'mode'],
    [
      'addresses beside all',
      { ...minimal, listen: { host: '*, 127.0.0.1' } },
      'a list of addresses separated by commas',
    ],
    ['nowhere to connect to', { ...minimal, listen: { host: '' } }, 'without host and socket'],
    [
      'a socket without a name',
      { ...minimal, listen: { host: '', port: 0, socket: { folder: '/run' } } },
      'so it cannot be 0',
    ],
    ['a socket by a long name', { ...minimal, listen: { socket: { folder: `/${'x'.repeat(99)}` } } }, '107 bytes'],
    ['a socket in no folder', { ...minimal, listen: { socket: { folder: 'run' } } }, 'is not a folder'],
    ['a mode of letters', { ...minimal, listen: { socket: { folder: '/run', mode: 'rwx' } } }, 'octal number'],
    [
      'authorities that are none',
      { ...minimal, upstreams: { main: { tls: 'verify-full', ca: file('no-ca.pem', 'garbage\n') } } },
      'upstreams.main.ca: contains no certificate in PEM',
    ],
    [
      'method peer for those who come by TCP',
      { ...minimal, auth: { rules: [{ method: 'peer' }] } },
      'auth.rules.0: method peer is only for the Unix socket',
    ],
    [
      'users of the system where none is asked for',
      { ...minimal, auth: { ...minimal.auth, rules: [{ method: 'md5', peers: [{ name: 'a' }] }] } },
      'auth.rules.0.peers: does not apply to method md5',
    ],
    ['a file that is not there', { ...minimal, auth: { userFile: 'gone.txt' } }, 'gone.txt'],
  ])('refuses %s', (_what, config, word) => {
    expect(load(config)).toContain(word);
  });
});

const [pair, other] = await Promise.all([selfSigned(), selfSigned()]);

describe('a pair of certificate and key', () => {
  const encrypted = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMA==\n-----END ENCRYPTED PRIVATE KEY-----\n';

  it.each([
    ['', pair.key, 'listen.tls.certificate: contains no certificate in PEM format'],
    [pair.certificate, '', 'listen.tls.key: contains no private key in PEM format'],
    [pair.certificate, pair.certificate, 'listen.tls.key: contains no private key in PEM format'],
    [pair.certificate, encrypted, 'listen.tls.key: has a passphrase; use a key without one'],
    [pair.certificate, other.key, 'listen.tls: key values mismatch'],
  ])('is reported with what is wrong with it: %#', (certificate, key, problem) => {
    const tls = { certificate: file('own.pem', certificate), key: file('own.key', key) };
    expect((load({ ...minimal, listen: { tls } }) as string).split('\n')).toContain(`✖ ${problem}`);
  });

  it('is reported, too, if the proxy presents it to a server', () => {
    const main = { certificate: file('shown.pem', pair.certificate), key: file('shown.key', '') };
    expect(load({ ...minimal, upstreams: { main } })).toContain('upstreams.main.key: contains no private key in PEM');
  });
});

describe('a licence shared by instances', () => {
  const sharing = (licence: unknown, more = {}): unknown => {
    const iris = { version: '2025.1', jars: [file('driver.jar', '')], licence };
    return load({ ...minimal, upstreams: { main: { kind: 'iris', port: 1972, iris } }, ...more });
  };

  it('must leave something for each of them', () => {
    expect(sharing({ connections: 3, sharedBy: 4 })).toContain('3 connections cannot be shared by 4');
    expect(sharing({ connections: 4, sharedBy: 4 })).toMatchObject({ config: {} });
  });

  it('needs instance numbers when it is shared through Redis', () => {
    const cache = { redis: {} };
    expect(sharing({ sharedBy: 2 }, { cache })).toContain('each need an instance.id');
    expect(sharing({ sharedBy: 2 }, { cache, instance: { id: 1 } })).toMatchObject({ config: {} });
  });
});

describe('readUserFile', () => {
  it('reports lines with an expiry date after the secret', () => {
    const text = '"a" "x" "" "a role"\n"b" "y" "2020-01-01"\n"c" "z" ; "2020-01-01"\n';
    expect(readUserFile(text, salt)).toMatchObject({ kind: 'users', more: [2] });
    const { notes } = load({ ...minimal, auth: { userFile: file('until.txt', text) } }) as LoadedConfig;
    expect(notes).toEqual([
      expect.stringContaining('auth.userFile: line 2: the expiry date of a secret has no effect'),
    ]);
  });

  it('reads plain secrets, md5 and verifiers, comments and doubled quotes', () => {
    const verifier = writeVerifier(scramVerifier('p', salt, 1));
    const text = `; a comment\n"a ""b""" "say ""x"""\n"m" "${md5Password('m', 'p')}"\r\n"s" "${verifier}"\n`;
    const read = readUserFile(text, salt);
    const users = read.kind === 'users' ? read.users : new Map<string, { kind: string }>();
    expect([...users].map(([name, { kind }]) => `${name}: ${kind}`)).toEqual(['a "b": plain', 'm: md5', 's: scram']);
    expect(users.get('a "b"')).toMatchObject({ password: 'say "x"' });
  });

  it('ignores fields after the secret, as in files once written by PostgreSQL', () => {
    const read = readUserFile('"a" "secret" "" \n"b" "x""y"\t"2030-01-01" ; until\n"c" "" # none\n', salt);
    const users = read.kind === 'users' ? [...read.users] : [];
    expect(users).toMatchObject([
      ['a', { password: 'secret' }],
      ['b', { password: 'x"y' }],
      ['c', { password: '' }],
    ]);
    expect(readUserFile('"a" "secret"" \n"b"\n', salt)).toEqual({ kind: 'unknown', lines: [1, 2] });
  });
});
