import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal, freePort, untilListens } from '@medrex/contracts/testing';
import { createTelemetry, type Telemetry } from '@medrex/telemetry';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { checkPgProxyConfig, startPgProxy, type RunningPgProxy } from '../../start-pg-proxy.ts';
import { fromIni } from './from-ini.ts';

const pgbouncer = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find((path) => existsSync(path));
const samples = ['/etc/pgbouncer/pgbouncer.ini', '/usr/share/doc/pgbouncer/examples/pgbouncer.ini'].filter((path) =>
  existsSync(path),
);
const left = (title: string): void => describe.skip(title, () => it('needs it', () => undefined));

if (samples.length === 0) left("PgBouncer's own pgbouncer.ini (left out: it is not installed)");
else
  describe("PgBouncer's own pgbouncer.ini", () => {
    const read = (file: string): string => readFileSync(file, 'utf8');

    it.each(samples)('%s is understood as it is', (file) => {
      expect(fromIni(file, read).problems).toEqual([]);
    });

    it.each(samples)('%s is known with all that it has in comments', (file) => {
      const all = read(file).replaceAll(/^; ?(?=[\w"*]+ *=)/gm, '');
      const { problems } = fromIni(file, () => all);
      // What has no value there, or names things that need others; nothing is unknown.
      expect(problems.filter((problem) => /there is no (?:setting|section)|understood/.test(problem))).toEqual([]);
    });
  });

if (pgbouncer === undefined) left('one pgbouncer.ini for PgBouncer and pg-proxy (left out: no pgbouncer)');
else
  describeReal('POSTGRES', 'the same pgbouncer.ini for PgBouncer and pg-proxy', (where) =>
    suite(pgbouncer, new URL(where)),
  );

function suite(binary: string, url: URL): void {
  const database = 'postgres';
  const direct = new pg.Client({ connectionString: url.href });
  const folder = mkdtempSync(join(tmpdir(), 'medrex-pgbouncer-'));
  const tag = `one_file_${process.pid}`;
  beforeAll(async () => {
    chmodSync(folder, 0o755);
    await direct.connect();
    await direct.query(`create role ${tag}_file login password 'of file'`);
    await direct.query(`create role ${tag}_asked login password 'of pg_authid'`);
  });
  afterAll(async () => {
    await direct.query(`drop role ${tag}_file; drop role ${tag}_asked`);
    await direct.end();
    rmSync(folder, { recursive: true });
  });

  /** What a client sees: what it is given, or that it is not let in. */
  const look = async (port: number, options: pg.ClientConfig, text: string): Promise<unknown> => {
    const client = new pg.Client({ host: '127.0.0.1', port, password: 'of file', database, ...options });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query({ text, rowMode: 'array' })).rows;
    } catch {
      return 'not let in';
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const who = 'select current_user::text, current_database()::text';
  const tries: readonly (readonly [string, pg.ClientConfig, string?])[] = [
    ['a user of the file', { user: `${tag}_file` }],
    ['with the wrong password', { user: `${tag}_file`, password: 'no' }],
    ['a user of pg_authid', { user: `${tag}_asked`, password: 'of pg_authid' }],
    ['with the wrong password', { user: `${tag}_asked`, password: 'no' }],
    ['a user who is not there', { user: `${tag}_nobody` }],
    ['a database by another name', { user: `${tag}_file`, database: 'clinic' }],
    ['a database with a user of its own', { user: `${tag}_file`, database: 'forced' }],
    ['a database that is not listed', { user: `${tag}_file`, database: 'template1' }],
    ['a database that is not there', { user: `${tag}_file`, database: `${tag}_none` }],
    ['with settings', { user: `${tag}_file`, application_name: 'it' }, 'show application_name'],
    ['the console for its administrator', { user: `${tag}_admin`, database: 'pgbouncer' }, 'show databases'],
    ['the console for others', { user: `${tag}_file`, database: 'pgbouncer' }, 'show databases'],
  ];

  it.each(['scram-sha-256', 'md5', 'plain'])(
    'admits the same clients to the same databases with auth_type %s',
    async (type) => {
      const port = await freePort();
      const ini = join(folder, 'pgbouncer.ini');
      writeFileSync(
        join(folder, 'users.txt'),
        `"${tag}_file" "of file"\n"${tag}_admin" "of file"\n"${url.username}" "any"\n`,
      );
      writeFileSync(
        ini,
        `[databases]
clinic = host=${url.hostname} port=${url.port} dbname=${database}
forced = host=${url.hostname} port=${url.port} dbname=${database} user=${url.username} password='any'
* = host=${url.hostname} port=${url.port} auth_user=${url.username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = ${type}
auth_file = ${folder}/users.txt
auth_user = ${url.username}
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename=$1
admin_users = ${tag}_admin
pool_mode = transaction
default_pool_size = 3
ignore_startup_parameters = extra_float_digits
`,
      );
      const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
      const child: ChildProcess = spawn(binary, [...asNobody, ini], { stdio: 'ignore' });
      const telemetry: Telemetry = createTelemetry({ service: 'pg-proxy', traceRatio: 0, writeLog: () => undefined });
      const over = join(folder, 'over.json');
      writeFileSync(over, JSON.stringify({ listen: { port: 0 }, metrics: { port: 0 } }));
      const start = { pgbouncerIni: ini, file: over, environment: {}, telemetry, patienceMs: 5_000 };
      expect(
        checkPgProxyConfig(start).notes.filter((note) => !/unix_socket_dir|ignore_startup|auth_type/.test(note)),
      ).toEqual([]);
      let running: RunningPgProxy | undefined;
      try {
        running = await startPgProxy(start);
        await untilListens(port, 'PgBouncer');
        const seen = [];
        for (const [what, options, text = who] of tries) {
          const [theirs, ours] = [await look(port, options, text), await look(running.proxy.port, options, text)];
          const isConsole = options.database === 'pgbouncer';
          seen.push([what, isConsole ? theirs === 'not let in' : theirs, isConsole ? ours === 'not let in' : ours]);
        }
        expect(seen.map(([what, , ours]) => [what, ours])).toEqual(seen.map(([what, theirs]) => [what, theirs]));
        expect(seen.map(([, ours]) => ours === 'not let in' || ours === true)).toEqual([
          ...[false, true, false, true, true, false, false, false, true, false, false, true],
        ]);
      } finally {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGINT');
        await gone;
        await running?.close();
        await telemetry.close();
      }
    },
  );
}
