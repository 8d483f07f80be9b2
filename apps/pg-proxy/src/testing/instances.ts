import { freePort } from '@medrex/contracts/testing';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const program = resolve(import.meta.dirname, '../../../medrex/bin/medrex.js');
const saidMax = 8_192;

/** Instances of the proxy, each in a process of its own, on one port in front of one PostgreSQL. */
export class Instances {
  readonly url: string;
  readonly #folder: string;
  readonly #running = new Map<number, ChildProcess>();
  /** The last output of each. */
  readonly #said = new Map<number, string>();
  readonly #ownPorts: readonly number[];

  private constructor(url: string, folder: string, ownPorts: readonly number[]) {
    this.url = url;
    this.#folder = folder;
    this.#ownPorts = ownPorts;
  }

  /** @param config parts of the configuration for all, or for the instance with that number */
  static async start(
    where: string,
    count: number,
    config: Readonly<Record<string, unknown>> | ((id: number) => Readonly<Record<string, unknown>>),
  ): Promise<Instances> {
    const url = new URL(where);
    if (url.password === '') url.password = 'secret';
    const folder = mkdtempSync(join(tmpdir(), 'medrex-pg-proxy-'));
    const [user, password] = [url.username, url.password].map((text) => decodeURIComponent(text).replaceAll('"', '""'));
    writeFileSync(join(folder, 'users.txt'), `"${user}" "${password}"\n`, { mode: 0o600 });
    const upstream = { host: url.hostname, port: Number(url.port === '' ? 5432 : url.port) };
    const port = await freePort();
    const own = await Promise.all(Array.from({ length: count }, freePort));
    url.hostname = '127.0.0.1';
    url.port = String(port);
    const instances = new Instances(url.href, folder, own);
    for (const [at, ownPort] of own.entries()) {
      const peers = Object.fromEntries(
        own.flatMap((other, index) => (index === at ? [] : [[index + 1, { port: other }]])),
      );
      const whole = {
        listen: { port, reusePort: true },
        upstreams: { main: upstream },
        databases: { '*': { upstream: 'main' } },
        auth: { userFile: 'users.txt' },
        metrics: { port: 0 },
        instance: { id: at + 1, own: { port: ownPort }, peers },
        ...(typeof config === 'function' ? config(at + 1) : config),
      };
      writeFileSync(join(folder, `${at + 1}.json`), JSON.stringify(whole));
    }
    for (let id = 1; id <= count; id++) await instances.launch(id);
    return instances;
  }

  ownUrl(id: number): string {
    const url = new URL(this.url);
    url.port = String(this.#ownPorts[id - 1]);
    return url.href;
  }

  /** Resolves when it accepts clients. */
  async launch(id: number): Promise<void> {
    const child = spawn(process.execPath, [program, 'pg-proxy', '--config', join(this.#folder, `${id}.json`)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.set(id, child);
    let out = '';
    await new Promise<void>((listening, failed) => {
      const hear = (data: Buffer): void => {
        out = (out + data.toString()).slice(-saidMax);
        this.#said.set(id, out);
        if (out.includes('PostgreSQL at')) listening();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', (code) => failed(new Error(`instance ${id} ended with ${code}: ${out}`)));
    });
  }

  /** Sends SIGTERM and waits for its end. */
  async stop(id: number): Promise<void> {
    const child = this.#running.get(id);
    if (child === undefined) return;
    this.#running.delete(id);
    if (child.exitCode !== null)
      throw new Error(`instance ${id} has ended by itself with ${child.exitCode}: ${this.#said.get(id)}`);
    const ended = new Promise((exit) => child.once('exit', exit));
    child.kill('SIGTERM');
    await ended;
  }

  /** Sends SIGKILL. */
  async kill(id: number): Promise<void> {
    const child = this.#running.get(id)!;
    this.#running.delete(id);
    const ended = new Promise((exit) => child.once('exit', exit));
    child.kill('SIGKILL');
    await ended;
  }

  /** SIGSTOP, or with `false` SIGCONT. */
  freeze(id: number, isFrozen = true): void {
    this.#running.get(id)?.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT');
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.stop(id)));
    rmSync(this.#folder, { recursive: true });
  }
}
