import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type ConfigSource } from './load-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'medrex-pg-proxy-messages-'));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const users = write('users.txt', '"a" "secret"\n');
const problems = (source: ConfigSource): readonly string[] => {
  try {
    loadConfig(source, { environment: {}, salt: Buffer.alloc(32, 1) });
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder}/`, '').split('\n').slice(1);
  }
  return [];
};

describe('a problem in a configuration', () => {
  const sound = {
    upstreams: { main: {} },
    databases: { clinic: { upstream: 'main' } },
    auth: { userFile: users },
  };
  const said = (more: object): readonly string[] =>
    problems({ file: write('proxy.json', JSON.stringify({ ...sound, ...more })) });

  it('is reported with the name that was probably meant', () => {
    expect(said({ pool: { sise: 5 }, upstream: {}, databases: { clinic: { upstream: 'mian' } } })).toEqual([
      '✖ pool.sise: there is no such field; did you mean size?',
      '✖ upstream: there is no such field; did you mean upstreams?',
      '✖ databases.clinic.upstream: there is no mian; did you mean main?',
    ]);
    expect(said({ users: { a: { databases: ['clinik'] } }, bogus: 1, identities: [{ as: 'a', usr: 'b' }] })).toEqual([
      '✖ identities.0.usr: there is no such field; did you mean user?',
      '✖ bogus: there is no such field',
      '✖ users.a.databases: there is no clinik; did you mean clinic?',
    ]);
  });

  it('is reported with the field that corresponds to a setting of PgBouncer', () => {
    expect(said({ pool: { default_pool_size: 5 }, databases: { clinic: { upstream: 'main', pool_size: 5 } } })).toEqual(
      [
        "✖ databases.clinic.pool_size: there is no such field; PgBouncer's pool_size is called size here",
        "✖ pool.default_pool_size: there is no such field; PgBouncer's default_pool_size is called pool.size here",
      ],
    );
    expect(said({ admin: { pool_size: 5 } })).toEqual(['✖ admin.pool_size: there is no such field']);
    expect(said({ auth: { auth_file: users } })).toContain(
      "✖ auth.auth_file: there is no such field; PgBouncer's auth_file is called auth.userFile here",
    );
  });

  it('is reported for missing fields and for values', () => {
    expect(said({ auth: undefined, pool: { size: '5' } })).toEqual([
      '✖ auth: is missing',
      '✖ pool.size: expected number, received string',
    ]);
    expect(problems({ file: write('list.json', '[]') })).toEqual([
      '✖ the configuration: expected object, received array',
    ]);
  });

  it('is reported for an address that contains a port', () => {
    expect(said({ upstreams: { main: { host: 'db:5432' } }, listen: { host: '127.0.0.1:6432' } })).toEqual([
      '✖ listen.host: 127.0.0.1:6432 is not an address; the port has its own field',
      '✖ upstreams.main.host: db:5432 is not a host name; the port has its own field',
    ]);
    expect(said({ upstreams: { main: { host: '::1, /run' } }, listen: { host: '::1, fe80::1%lo' } })).toEqual([]);
  });
});

describe('a problem in a pgbouncer.ini', () => {
  const sound = `[databases]\nclinic = host=a\n[pgbouncer]\nauth_file=${users}\n`;
  const said = (text: string): readonly string[] => problems({ pgbouncerIni: write('pgbouncer.ini', text) });

  it('is reported with the name that was probably meant', () => {
    const text = sound.replace('host=a', 'hots=a') + 'defualt_pool_size=5\n[users]\na = pool_mod=session\n';
    expect(said(text)).toEqual([
      '✖ pgbouncer.ini:5: there is no setting defualt_pool_size; did you mean default_pool_size?',
      '✖ pgbouncer.ini:2: clinic: there is no setting hots; did you mean host?',
      '✖ pgbouncer.ini:7: a: there is no setting pool_mod; did you mean pool_mode?',
    ]);
  });

  it('is reported with its own names and places, all together', () => {
    const missing = sound.replace(users, 'nowhere.txt').replace('host=a', 'host=b:5432');
    const tls = 'client_tls_sslmode=require\nclient_tls_cert_file=/no/c.pem\nclient_tls_key_file=/no/k.pem\n';
    const server = 'server_tls_sslmode=verify-ca\nserver_tls_ca_file=/no/ca.pem\n';
    const nowhere = (path: string): string => `ENOENT: no such file or directory, open '${path}'`;
    expect(said(`${missing}pool_mode=tx\n${tls}${server}`)).toEqual([
      '✖ pgbouncer.ini:5: pool_mode: "tx" is not a valid value',
      '✖ pgbouncer.ini:2: clinic: host: b:5432 is not a host name; the port has its own field',
      `✖ pgbouncer.ini:4: auth_file: ${nowhere(join(process.cwd(), 'nowhere.txt'))}`,
      `✖ pgbouncer.ini:7: client_tls_cert_file: ${nowhere('/no/c.pem')}`,
      `✖ pgbouncer.ini:8: client_tls_key_file: ${nowhere('/no/k.pem')}`,
      `✖ pgbouncer.ini:10: server_tls_ca_file: ${nowhere('/no/ca.pem')}`,
    ]);
    expect(said(sound.replace(/auth_file.*\n/, ''))).toEqual([
      '✖ [pgbouncer]: auth_file: is missing; the users must come from it or from a query',
    ]);
  });

  it('is reported with the field where the JSON file sets it', () => {
    const over = write('over.json', JSON.stringify({ auth: { userFile: '/no/users.txt' } }));
    expect(problems({ pgbouncerIni: write('pgbouncer.ini', sound), file: over })).toEqual([
      "✖ auth.userFile: ENOENT: no such file or directory, open '/no/users.txt'",
    ]);
  });
});
