import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { freePort } from '../free-port.ts';

/** Where pgbench connects to, and whose CPU is counted. */
export interface Side {
  readonly name: string;
  readonly port: number;
  readonly pid: number | undefined;
  /** The protocols that it supports. */
  readonly protocols: readonly Protocol[];
}

export const protocols = ['simple', 'extended', 'prepared'] as const;
export type Protocol = (typeof protocols)[number];

const backends = 20;
/** Configuration without workload classes: no reserved slots, first come first served. */
const inOrder = { workloadClass: 'interactive', interactiveShareMin: 0 };
/** PATH including /usr/sbin, where Debian installs PgBouncer. */
const environment = { ...process.env, PATH: `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin` };
/** The first version of PgBouncer with prepared statements in transaction mode. */
const preparedSince = 1.21;

export interface PoolersOptions {
  readonly withoutClasses?: boolean;
  readonly withTls?: boolean;
}

/** The poolers of one run in front of one PostgreSQL: pg-proxy, and PgBouncer if it is installed. Both use SCRAM. */
export class Poolers {
  readonly sides: Side[] = [];
  readonly #url: URL;
  readonly #folder = mkdtempSync(join(tmpdir(), 'medrex-bench-pg-proxy-'));
  readonly #children: ChildProcess[] = [];

  readonly #more: object;
  readonly #withoutClasses: boolean;
  readonly #withTls: boolean;

  /**
   * @param more additional configuration of pg-proxy
   * @param withoutClasses adds a pg-proxy without workload classes
   * @param withTls enables TLS for clients, if openssl is available to make a certificate
   */
  constructor(url: URL, more: object = {}, { withoutClasses = false, withTls = false }: PoolersOptions = {}) {
    this.#url = url;
    this.#more = more;
    this.#withoutClasses = withoutClasses;
    this.#withTls = withTls && makeCertificate(this.#folder);
  }

  /** Whether clients can use TLS. */
  get takesTls(): boolean {
    return this.#withTls;
  }

  async up(): Promise<void> {
    this.sides.push({ name: 'direct', port: this.#upstreamPort, pid: undefined, protocols });
    // As root, PgBouncer runs as another user, which must be able to read the folder.
    chmodSync(this.#folder, 0o755);
    const { user, password } = loginOf(this.#url);
    writeFileSync(join(this.#folder, 'users.txt'), `"${user}" "${password}"\n`);
    await this.#pgProxy('pg-proxy', {});
    if (this.#withoutClasses) await this.#pgProxy('pg-proxy without classes', inOrder);
    await this.#pgBouncer();
  }

  async down(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null) continue;
      const ended = new Promise((exit) => child.once('exit', exit));
      child.kill('SIGINT');
      await ended;
    }
    rmSync(this.#folder, { recursive: true });
  }

  get #upstreamPort(): number {
    return Number(this.#url.port === '' ? 5432 : this.#url.port);
  }

  async #pgProxy(name: string, pool: object): Promise<void> {
    const file = join(this.#folder, `${name}.json`);
    const port = await freePort();
    const config = {
      listen: { port, ...(this.#withTls && { tls: certificate }) },
      upstreams: { main: { host: this.#url.hostname, port: this.#upstreamPort } },
      databases: { '*': { upstream: 'main' } },
      auth: { userFile: 'users.txt' },
      pool: { size: backends, ...pool },
      metrics: { port: 0 },
      ...this.#more,
    };
    writeFileSync(file, JSON.stringify(config));
    const medrex = resolve(import.meta.dirname, '../../../apps/medrex/bin/medrex.js');
    await this.#start(name, port, process.execPath, [medrex, 'pg-proxy', '--config', file], protocols);
  }

  async #pgBouncer(): Promise<void> {
    const version = versionOfPgBouncer();
    if (version === undefined) {
      console.error('  PgBouncer: left out, there is none on PATH');
      return;
    }
    const port = await freePort();
    const file = join(this.#folder, 'pgbouncer.ini');
    const lines = [
      '[databases]',
      `* = host=${this.#url.hostname} port=${this.#upstreamPort}`,
      '[pgbouncer]',
      ...['listen_addr=127.0.0.1', `listen_port=${port}`, 'unix_socket_dir=', 'auth_type=scram-sha-256'],
      ...[`auth_file=${join(this.#folder, 'users.txt')}`, 'pool_mode=transaction', `default_pool_size=${backends}`],
      ...['max_client_conn=3000', 'ignore_startup_parameters=extra_float_digits'],
      ...(version >= preparedSince ? ['max_prepared_statements=200'] : []),
      ...(this.#withTls ? ['client_tls_sslmode=allow'] : []),
      ...(this.#withTls ? Object.entries(bouncerFiles).map(([key, name]) => `${key}=${join(this.#folder, name)}`) : []),
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
    const known = version >= preparedSince ? protocols : protocols.filter((protocol) => protocol !== 'prepared');
    await this.#start(`PgBouncer ${version}`, port, 'pgbouncer', [...user, '-q', file], known);
  }

  async #start(name: string, port: number, program: string, args: string[], known: readonly Protocol[]): Promise<void> {
    const child = spawn(program, args, { stdio: 'ignore', env: environment });
    this.#children.push(child);
    this.sides.push({ name, port, pid: child.pid, protocols: known });
    for (let look = 0; look < looksMax; look += 1) {
      if (await listens(port)) return;
      await new Promise((wait) => setTimeout(wait, lookMs));
    }
    throw new Error(`${name} does not listen`);
  }
}

/** User and password for all sides. The poolers require a password; a server with `trust` accepts any. */
export function loginOf(url: URL): { readonly user: string; readonly password: string } {
  return { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) || 'benchmark' };
}

/** Certificate files in the folder of the poolers. */
const certificate = { certificate: 'server.crt', key: 'server.key' };
const bouncerFiles = { client_tls_cert_file: certificate.certificate, client_tls_key_file: certificate.key };

/** Makes the certificate; returns false when openssl is missing. */
function makeCertificate(folder: string): boolean {
  const [cert, key] = [join(folder, certificate.certificate), join(folder, certificate.key)];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'];
  const { status } = spawnSync('openssl', [...made, '-out', cert, '-keyout', key], { stdio: 'ignore' });
  // PgBouncer reads it as another user.
  if (status === 0) chmodSync(key, 0o644);
  else console.error('  TLS: left out, there is no openssl to make a certificate');
  return status === 0;
}

/** Interval in ms, and number, of the checks whether a pooler is up. */
const lookMs = 50;
const looksMax = 400;

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function versionOfPgBouncer(): number | undefined {
  try {
    const text = execFileSync('pgbouncer', ['--version'], { encoding: 'utf8', env: environment });
    const version = /PgBouncer (\d+\.\d+)/.exec(text)?.[1];
    return version === undefined ? undefined : Number(version);
  } catch {
    return undefined;
  }
}

/** CPU time of a process in microseconds, with Linux's resolution of 10 ms; 0 without a pid. */
export function cpuMicroseconds(pid: number | undefined): number {
  if (pid === undefined) return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** Resident memory of a process, in KiB. */
export function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
