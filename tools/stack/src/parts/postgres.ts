import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Context } from '../context.ts';
import { stackError } from '../errors.ts';
import { findProgram } from '../processes/find-program.ts';
import { expectFree } from '../processes/ports.ts';
import { run } from '../processes/run.ts';
import type { Part } from './part.ts';
import { needProgram } from './system-package.ts';

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL from the system's packages, in its own data folder. It refuses to run as root, so root runs it as another user. */
export const postgres: Part = {
  name: 'postgres',
  async up(context) {
    const { processes, ports, signal } = context;
    const server = await needProgram(context, 'postgres', 'postgresql', findServer);
    const tool = (name: string): string => join(dirname(server), name);
    const user = otherUser();
    const folder = postgresFolder(context.folder, user);
    const port = String(ports.postgres);
    await initialise(context, tool('initdb'), folder, user);
    if (!processes.isAlive('postgres')) {
      await expectFree('postgres', [ports.postgres]);
      const settings = [
        `listen_addresses=127.0.0.1`,
        `port=${port}`,
        'unix_socket_directories=',
        'max_connections=200',
        // A recycled segment keeps its old bytes, in which erased data would stay readable.
        'wal_recycle=off',
      ];
      const args = ['-D', join(folder, 'data'), ...settings.flatMap((setting) => ['-c', setting])];
      processes.start('postgres', server, args, { cwd: folder, ...(user && { user }) });
    }
    const address = ['-h', '127.0.0.1', '-p', port];
    const isReady = async (): Promise<boolean> =>
      (await run(tool('pg_isready'), address, signal)).includes('accepting');
    await processes.ready('postgres', isReady, signal);
    await makeDatabase(tool('psql'), tool('createdb'), address, signal);
    const url = `postgres://medrex@127.0.0.1:${port}/medrex`;
    return {
      MEDREX_TEST_POSTGRES: url,
      MEDREX_TEST_POSTGRES_DATA: join(folder, 'data'),
      MEDREX_POSTGRES_URL: url,
      MEDREX_TENANT_KEY_FILE: tenantKeyFile(context),
    };
  },
};

/** The tenant key file of the vault in the database; removed together with the data. */
function tenantKeyFile({ folder }: Context): string {
  const file = join(folder, 'tenant-key');
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  return file;
}

/** The server program on PATH, otherwise Debian's newest version. */
function findServer(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = versions.map((version) => join(debian, version, 'bin'));
  const found = findProgram('postgres', folders) ?? findProgram('postgres');
  return found !== undefined && existsSync(join(dirname(found), 'initdb')) ? found : undefined;
}

/** The user `postgres`, otherwise `nobody`; undefined when not running as root. */
function otherUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }));
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw stackError('missing', 'postgres does not run as root, and there is neither a user postgres nor a user nobody.');
}

/** The data folder: in the stack's folder, or if that other user has no access to it (e.g. below /root), in the temporary folder. */
export function postgresFolder(stack: string, user: User | undefined): string {
  if (user === undefined || mayEnter(stack, user)) return join(stack, 'postgres');
  return join(outside(stack), 'postgres');
}

function outside(stack: string): string {
  const own = createHash('sha256').update(stack).digest('hex').slice(0, 12);
  return join(tmpdir(), `medrex-stack-${own}`);
}

/** Folders that `down --clean` removes in addition to the stack's folder. */
export const foldersOutside = (stack: string): readonly string[] => [outside(stack)];

function mayEnter(path: string, user: User): boolean {
  const { mode, uid, gid } = statSync(path);
  const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
  return (mode & bit) !== 0 && (dirname(path) === path || mayEnter(dirname(path), user));
}

async function initialise(context: Context, initdb: string, folder: string, user: User | undefined): Promise<void> {
  const data = join(folder, 'data');
  if (existsSync(data)) return;
  mkdirSync(folder, { recursive: true });
  if (user) chownSync(folder, user.uid, user.gid);
  const unfinished = `${data}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  // `trust` is acceptable for a development database on loopback only.
  const args = ['-D', unfinished, '-U', 'medrex', '--auth=trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  await run(initdb, args, context.signal, { cwd: folder, ...(user && { user }) });
  renameSync(unfinished, data);
}

async function makeDatabase(
  psql: string,
  createdb: string,
  address: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const list = await run(psql, [...address, '-U', 'medrex', '-d', 'postgres', '-lqtA'], signal);
  if (list.split('\n').some((line) => line.startsWith('medrex|'))) return;
  await run(createdb, [...address, '-U', 'medrex', 'medrex'], signal);
}
