import { Worker } from 'node:worker_threads';

/** A thread's answer to the request with the same id: a value, or a coded failure. */
export type ThreadAnswer<Value> =
  | { readonly id: number; readonly value: Value }
  | { readonly id: number; readonly code: string; readonly message: string };

export interface ThreadClientOptions {
  /** Starts the thread; called with the first request, and again when it is lost. */
  readonly start: () => Worker;
  /** The error of a failed request. */
  readonly failure: (code: string, message: string) => Error;
  /** The error of every request that a lost thread has not answered. */
  readonly lost: (cause: unknown) => Error;
}

interface Waiting<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The owner's side of a worker thread: requests with answers. It keeps the process alive only while an answer is
 * outstanding.
 */
export class ThreadClient<Request extends object, Value> {
  readonly #options: ThreadClientOptions;
  readonly #waiting = new Map<number, Waiting<Value>>();
  #worker: Worker | undefined;
  #lastId = 0;

  constructor(options: ThreadClientOptions) {
    this.#options = options;
  }

  ask(request: Request, transfer: readonly ArrayBuffer[] = []): Promise<Value> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      const worker = this.#running();
      worker.ref();
      worker.postMessage({ ...request, id }, transfer as ArrayBuffer[]);
    });
  }

  /**
   * Sends the last request, which ends the thread, and waits for its end. A thread that never ran is not started for
   * it.
   */
  async close(request: Request): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    await this.ask(request);
    worker.ref(); // the answer had unreferenced it
    await exited;
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = this.#options.start();
    worker.on('message', (answer: ThreadAnswer<Value>) => this.#settle(answer));
    // Both mean that the thread has ended; the next request starts another.
    worker.on('error', (error: unknown) => this.#lose(worker, error));
    worker.on('exit', () => this.#lose(worker, undefined));
    this.#worker = worker;
    return worker;
  }

  #settle(answer: ThreadAnswer<Value>): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker?.unref();
    if ('value' in answer) waiting?.resolve(answer.value);
    else waiting?.reject(this.#options.failure(answer.code, answer.message));
  }

  #lose(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of lost) reject(this.#options.lost(cause));
  }
}

/**
 * Starts a thread from the file `name` beside its owner: from the TypeScript sources, which Node runs as they are, or from what was
 * built of them, as the owner itself.
 * @param owner `import.meta.url` of the owner.
 */
export function startThread(owner: string, name: string, workerData: unknown): Worker {
  const isSource = owner.endsWith('.ts');
  const file = new URL(isSource ? `./${name}.ts` : `./${name}.js`, owner);
  const execArgv = isSource ? ['--conditions=@medrex/source'] : [];
  const worker = new Worker(file, { workerData, execArgv, name });
  worker.unref();
  return worker;
}
