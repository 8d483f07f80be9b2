import { spawn, type ChildProcess } from 'node:child_process';
import type { Faulty } from './faulty.ts';

export interface ServiceOptions {
  readonly name: string;
  /** The built entry of the service. */
  readonly main: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Exit code and signal of a process. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One run of a service: from its spawn to its end. */
interface Run {
  readonly child: ChildProcess;
  /** Resolves with its URLs when it reports that it is ready. */
  readonly ready: Promise<Readonly<Record<string, string>>>;
  readonly ended: Promise<Ending>;
}

const outputKept = 200_000;

/** A service as a separate process, which a test may kill, suspend, resume and restart at any time. */
export class ServiceProcess implements Faulty {
  readonly #options: ServiceOptions;
  #run: Run | undefined;
  #urls: Readonly<Record<string, string>> = {};
  #output = '';

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** The stdout and stderr of all its runs. */
  get output(): string {
    return this.#output;
  }

  /** URLs of the newest run that became ready. */
  get urls(): Readonly<Record<string, string>> {
    return this.#urls;
  }

  get isRunning(): boolean {
    const child = this.#run?.child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Starts it without waiting, for tests that kill it during its start. */
  launch(): void {
    if (this.isRunning) throw new Error(`${this.#options.name} is running already`);
    this.#run = this.#spawn();
    // Without a caller that waits for the start, its failure must not be an unhandled rejection.
    this.#run.ready.catch(() => undefined);
  }

  /** Resolves when the launched service is ready. @throws Error with its last output when it ended instead */
  async ready(): Promise<void> {
    this.#urls = (await this.#run?.ready) ?? {};
  }

  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  /** Resolves when the process has ended for any reason. */
  async ended(): Promise<Ending | undefined> {
    return this.#run?.ended;
  }

  /** SIGKILL: no handler runs, nothing is flushed. */
  async kill(): Promise<void> {
    this.#run?.child.kill('SIGKILL');
    await this.#run?.ended;
  }

  /** Sends SIGTERM and waits for the end. */
  async stop(): Promise<Ending | undefined> {
    const child = this.#run?.child;
    child?.kill('SIGTERM');
    child?.kill('SIGCONT');
    return this.#run?.ended;
  }

  /** SIGSTOP: it neither answers nor ends, like on a suspended machine. */
  pause(): void {
    this.#run?.child.kill('SIGSTOP');
  }

  continue(): void {
    this.#run?.child.kill('SIGCONT');
  }

  #spawn(): Run {
    const { main, env } = this.#options;
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main], {
      env: { PATH: process.env['PATH'], PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString('utf8')).slice(-outputKept);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const ended = new Promise<Ending>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
    return { child, ended, ready: this.#readiness(child, ended) };
  }

  #readiness(child: ChildProcess, ended: Promise<Ending>): Run['ready'] {
    return new Promise((resolve, reject) => {
      child.on('message', (message) => {
        const { kind, urls } = message as { readonly kind?: string; readonly urls?: Readonly<Record<string, string>> };
        if (kind === 'ready' && urls !== undefined) resolve(urls);
      });
      void ended.then(({ code, signal }) => {
        const how = signal ?? `code ${String(code)}`;
        reject(new Error(`${this.#options.name} ended (${how}) before it was ready:\n${this.#output.slice(-2000)}`));
      });
    });
  }
}
