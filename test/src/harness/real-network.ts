import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import type { Faulty } from './faulty.ts';

const program = fileURLToPath(new URL('../../../tools/stack/dist/main.js', import.meta.url));

interface State {
  readonly processes: Readonly<Record<string, { readonly pid: number }>>;
  readonly env: Readonly<Record<string, string>>;
}

export interface RealNetworkOptions {
  /** Parts of the stack tool. */
  readonly parts: readonly string[];
  /** Additional flags of `up`. */
  readonly flags?: readonly string[];
  /** Additional environment of its processes, e.g. the contracts of the chaincode. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A real stack for one test, with its own folder and ports, so that its processes can be killed. */
export class RealNetwork {
  readonly folder = mkdtempSync(join(tmpdir(), 'medrex-network-'));
  readonly #options: RealNetworkOptions;

  constructor(options: RealNetworkOptions) {
    this.#options = options;
  }

  /** Starts the parts that are not running. */
  async up(): Promise<this> {
    const { parts, flags = [] } = this.#options;
    await this.#run('up', '--offset', 'auto', '--only', parts.join(','), ...flags);
    return this;
  }

  /** Environment variables with its addresses. */
  get env(): Readonly<Record<string, string>> {
    return this.#state().env;
  }

  /** One of its processes, by its name in `npm run stack -- status`. */
  part(name: string): Faulty {
    const pid = (): number => this.#state().processes[name]?.pid ?? 0;
    return {
      name,
      kill: async () => {
        const killed = pid();
        process.kill(killed, 'SIGKILL');
        await eventually(`${name} is gone`, () => isGone(killed));
      },
      start: async () => {
        await this.up();
      },
      pause: () => void process.kill(pid(), 'SIGSTOP'),
      continue: () => void process.kill(pid(), 'SIGCONT'),
    };
  }

  /** Stops all processes, including suspended ones, and removes the folder. */
  async remove(): Promise<void> {
    for (const { pid } of Object.values(this.#state().processes)) if (!isGone(pid)) process.kill(pid, 'SIGCONT');
    await this.#run('down', '--clean');
    await rm(this.folder, { recursive: true, force: true });
  }

  #state(): State {
    return JSON.parse(readFileSync(join(this.folder, 'state.json'), 'utf8')) as State;
  }

  async #run(...args: readonly string[]): Promise<void> {
    const child = spawn(process.execPath, [program, ...args, '--dir', this.folder], {
      env: { ...process.env, ...this.#options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await once(child, 'close');
    if (child.exitCode !== 0) throw new Error(`stack ${args.join(' ')} ended with ${child.exitCode}:\n${said}`);
  }
}

/** Whether a process has ended, including zombies. */
function isGone(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return /^\) Z/.test(stat.slice(stat.lastIndexOf(')')));
  } catch {
    return true;
  }
}
