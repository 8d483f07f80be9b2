import { spawn, type ChildProcess } from 'node:child_process';
import type { Faulty } from './faulty.ts';

export interface ServiceOptions {
  readonly name: string;
  /** The built entry of the service. */
  readonly main: string;
  readonly env: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One run of a service: from its spawn to its end. */
interface Run {
  readonly child: ChildProcess;
  /** Its addresses, once it says that it is ready. */
  readonly ready: Promise<Readonly<Record<string, string>>>;
  readonly ended: Promise<Ending>;
}

const outputKept = 200_000;

/** One service as a process of its own, which a test may kill, stop, continue and start again at any moment. */
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

  /** What all its runs wrote to stdout and stderr, the newest last. */
  get output(): string {
    return this.#output;
  }

  /** Addresses of the newest run that was ready; a run before it had others. */
  get urls(): Readonly<Record<string, string>> {
    return this.#urls;
  }

  get isRunning(): boolean {
    const child = this.#run?.child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Starts it without waiting: for tests that kill it while it starts. */
  launch(): void {
    if (this.isRunning) throw new Error(`${this.#options.name} is running already`);
    this.#run = this.#spawn();
    // Whoever does not wait for a start does not want to hear of its end either.
    this.#run.ready.catch(() => undefined);
  }

  /** Resolves when the service that was launched is ready. @throws when it ended instead, with what it wrote last. */
  async ready(): Promise<void> {
    this.#urls = (await this.#run?.ready) ?? {};
  }

  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  /** Resolves when the process is gone, however that came. */
  async ended(): Promise<Ending | undefined> {
    return this.#run?.ended;
  }

  /** SIGKILL: no handler runs, nothing is flushed. */
  async kill(): Promise<void> {
    this.#run?.child.kill('SIGKILL');
    await this.#run?.ended;
  }

  /** SIGTERM, and waits for the end. */
  async stop(): Promise<Ending | undefined> {
    const child = this.#run?.child;
    child?.kill('SIGTERM');
    child?.kill('SIGCONT');
    return this.#run?.ended;
  }

  /** SIGSTOP: it neither answers nor ends, as in a long pause of its machine. */
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
