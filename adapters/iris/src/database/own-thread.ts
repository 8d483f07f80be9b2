import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { SqlFailure } from '@medrex/sql-driver';
import type { Asked, Reply } from './answer-in-turn.ts';

export interface OwnThreadOptions {
  /** `import.meta.url` of the owner; `file` is the module beside it that the thread runs. */
  readonly owner: string;
  readonly file: string;
  /** Name of the thread in errors. */
  readonly called: string;
}

interface Waiting<Answer> {
  readonly timer: NodeJS.Timeout | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (failure: SqlFailure) => void;
}

/** The thread ends after this time without requests, to free its memory. */
const idleMs = 10 * 60_000;

/** A worker thread that answers requests one after the other; started on demand, and ended when idle. */
export class OwnThread<Request extends object, Answer> {
  readonly #options: OwnThreadOptions;
  readonly #waiting = new Map<number, Waiting<Answer>>();
  #worker: Worker | undefined;
  #lastId = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: OwnThreadOptions) {
    this.#options = options;
  }

  get isStarted(): boolean {
    return this.#worker !== undefined;
  }

  /**
   * @param msMax a request that takes longer ends the thread; undefined: no limit
   * @throws SqlFailure the request failed (XX000) or took too long (57014), or the thread has ended (57P01)
   */
  async ask(request: Request, msMax?: number): Promise<Answer> {
    const worker = this.#started();
    const id = ++this.#lastId;
    clearTimeout(this.#idle);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { timer: this.#timer(msMax), resolve, reject });
      worker.postMessage({ id, request } satisfies Asked<Request>);
    });
  }

  async close(): Promise<void> {
    await this.#end('it is closed');
  }

  async #end(why: string, sqlstate?: string): Promise<void> {
    const worker = this.#worker;
    if (worker !== undefined) this.#gone(worker, why, sqlstate);
    clearTimeout(this.#idle);
    await worker?.terminate();
  }

  #timer(msMax: number | undefined): NodeJS.Timeout | undefined {
    if (msMax === undefined) return undefined;
    return setTimeout(() => void this.#end('it took too long', '57014'), msMax).unref();
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const { owner, file } = this.#options;
    const kind = extname(fileURLToPath(owner));
    const worker = new Worker(new URL(`./${file}${kind}`, owner), {
      execArgv: [...(kind === '.ts' ? ['--conditions=@medrex/source'] : []), '--disable-warning=ExperimentalWarning'],
    });
    this.#worker = worker;
    worker.unref();
    worker.on('message', (reply: Reply<Answer>) => {
      if (this.#worker === worker) this.#take(reply);
    });
    worker.on('error', (error: unknown) => this.#gone(worker, error instanceof Error ? error.message : 'unknown'));
    worker.on('exit', () => this.#gone(worker, 'it has ended'));
    return worker;
  }

  #take(reply: Reply<Answer>): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    clearTimeout(waiting?.timer);
    if ('error' in reply) waiting?.reject(this.#failure(`failed: ${reply.error}`, 'XX000'));
    else waiting?.resolve(reply.answer);
    if (this.#waiting.size > 0) return;
    this.#idle = setTimeout(() => void this.close(), idleMs);
    this.#idle.unref();
  }

  /** Fails the requests of a worker that has ended; those of its successor are not affected. */
  #gone(worker: Worker, why: string, sqlstate = '57P01'): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(this.#failure(`is gone: ${why}`, sqlstate));
    }
    this.#waiting.clear();
  }

  #failure(what: string, sqlstate: string): SqlFailure {
    return new SqlFailure(`${this.#options.called} ${what}`, { sqlstate });
  }
}
