import { Worker } from 'node:worker_threads';

/** What a service says when it is up: its name and the URLs that people and programs use. */
export interface ServiceReady {
  readonly urls: Readonly<Record<string, string>>;
}

interface ReadyMessage extends ServiceReady {
  readonly kind: 'ready';
}

const isReady = (message: unknown): message is ReadyMessage =>
  typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'ready' && 'urls' in message;

/** The longest a service may take from 'stop' to its end, ms: flights get 1 s, the logs their last sync. */
const stopTimeoutMs = 10_000;

/** One service as a thread of this process, running the same main module as the process of its own would. */
export class ServiceThread {
  readonly name: string;
  readonly #worker: Worker;
  readonly #ended: Promise<number>;
  #isStopping = false;

  private constructor(name: string, worker: Worker) {
    this.name = name;
    this.#worker = worker;
    this.#ended = new Promise<number>((resolve) => void worker.once('exit', resolve));
  }

  /**
   * Starts the service and resolves with it when it is ready.
   * @param main its built main module
   * @param onEnd called when it ends without having been told to
   */
  static async start(
    options: { readonly name: string; readonly main: URL; readonly env: Readonly<Record<string, string>> },
    onEnd: (name: string, code: number, error: unknown) => void,
  ): Promise<{ readonly thread: ServiceThread; readonly ready: ServiceReady }> {
    const worker = new Worker(options.main, { env: { ...process.env, ...options.env }, name: options.name });
    const thread = new ServiceThread(options.name, worker);
    let reason: unknown;
    worker.on('error', (error: unknown) => {
      reason = error;
    });
    const ready = await new Promise<ServiceReady>((resolve, reject) => {
      worker.on('message', (message: unknown) => {
        if (isReady(message)) resolve({ urls: message.urls });
      });
      worker.once('exit', (code) =>
        reject(
          reason instanceof Error ? reason : new Error(`${options.name} ended with code ${code} before it was ready`),
        ),
      );
    });
    worker.once('exit', (code) => {
      if (!thread.#isStopping) onEnd(options.name, code, reason);
    });
    return { thread, ready };
  }

  /** CPU time of its thread so far, ms; that of the threads that it started is not in it. */
  async cpuMs(): Promise<number> {
    const { user, system } = await this.#worker.cpuUsage();
    return (user + system) / 1_000;
  }

  /** Tells it to stop, and waits; one that does not end in time is ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#worker.postMessage('stop');
    const timeout = setTimeout(() => void this.#worker.terminate(), stopTimeoutMs);
    await this.#ended;
    clearTimeout(timeout);
  }
}
