import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort } from '@medrex/contracts/testing';
import { Redis } from 'ioredis';

/** A redis-server started by a test, which may kill it. */
export class OwnRedis {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'medrex-redis-'));
  readonly #options: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, options: readonly string[]) {
    this.port = port;
    this.#options = options;
  }

  static async start(options: readonly string[] = []): Promise<OwnRedis> {
    const redis = new OwnRedis(await freePort(), options);
    await redis.restart();
    return redis;
  }

  async restart(): Promise<void> {
    const where = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.#folder];
    this.#process = spawn('redis-server', [...where, '--save', '', ...this.#options], { stdio: 'ignore' });
    await eventually(() => this.#isListening(), 10_000);
  }

  /** Kills it as by a power cut: its data is lost too. */
  async kill(): Promise<void> {
    const ended = once(this.#process as ChildProcess, 'close');
    this.#process?.kill('SIGKILL');
    await ended;
  }

  /** Runs a command by a connection of its own. */
  async ask([command = '', ...words]: readonly string[]): Promise<unknown> {
    const redis = new Redis({ port: this.port, maxRetriesPerRequest: 0 });
    redis.on('error', () => undefined);
    try {
      return await redis.call(command, ...words);
    } finally {
      redis.disconnect();
    }
  }

  /** Sends SIGSTOP, or SIGCONT if `isFrozen` is false. */
  freeze(isFrozen = true): void {
    this.#process?.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT');
  }

  async close(): Promise<void> {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #isListening(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1', () => resolve(true));
      socket.on('connect', () => socket.destroy());
      socket.on('error', () => resolve(false));
    });
  }
}
