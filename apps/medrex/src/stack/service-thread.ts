import { Worker } from 'node:worker_threads';

/** Sent by a service when it is ready: its name and URLs. */
export interface ServiceReady {
  readonly urls: Readonly<Record<string, string>>;
}

interface ReadyMessage extends ServiceReady {
  readonly kind: 'ready';
}

const isReady = (message: unknown): message is ReadyMessage =>
  typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'ready' && 'urls' in message;

/** Maximum time from 'stop' to the end of a service, in ms: flights get 1 s, and logs need a last sync. */
const stopTimeoutMs = 10_000;

/** A service in a thread of this process, running the same main module as a separate process would. */
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
   * Starts the service; resolves when it is ready.
   * @param main its built main module
   * @param onEnd called when it ends without `stop`
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

  /** CPU time of its thread so far, in ms, without threads that it started. */
  async cpuMs(): Promise<number> {
    const { user, system } = await this.#worker.cpuUsage();
    return (user + system) / 1_000;
  }

  /** Stops the service; terminates it when it does not end in time. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#worker.postMessage('stop');
    const timeout = setTimeout(() => void this.#worker.terminate(), stopTimeoutMs);
    await this.#ended;
    clearTimeout(timeout);
  }
}
