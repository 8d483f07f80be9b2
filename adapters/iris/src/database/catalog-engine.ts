import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { SqlFailure } from '@medrex/sql-driver';
import type { CatalogReply, CatalogRequest } from './catalog-worker.ts';

type Body = CatalogRequest extends infer Each ? (Each extends unknown ? Omit<Each, 'id'> : never) : never;

interface Waiting {
  readonly timer: NodeJS.Timeout | undefined;
  readonly resolve: (reply: Extract<CatalogReply, { bytes?: Uint8Array }>) => void;
  readonly reject: (failure: SqlFailure) => void;
}

/** A PostgreSQL in this process that has only a catalog. It takes some hundred megabytes, so it goes when nobody has asked for long. */
const idleMs = 10 * 60_000;
/** Whoever asks for more holds up all others: it is one session. */
const answerMsMax = 60_000;
const here = fileURLToPath(import.meta.url);
const workerFile = new URL(`./catalog-worker${extname(here)}`, import.meta.url);

/** The thread that answers catalog queries: started by the first of them, and ended when it is not used. */
export class CatalogEngine {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;
  #idle: NodeJS.Timeout | undefined;

  get isStarted(): boolean {
    return this.#worker !== undefined;
  }

  /** @throws SqlFailure */
  async ask(bytes: Buffer): Promise<Buffer> {
    const { bytes: answer = new Uint8Array() } = await this.#send({ kind: 'ask', bytes });
    return Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
  }

  /** Returns what could not be made. @throws SqlFailure */
  async make(statements: readonly string[]): Promise<readonly string[]> {
    return (await this.#send({ kind: 'make', statements })).failures ?? [];
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

  async #send(body: Body): Promise<Extract<CatalogReply, { bytes?: Uint8Array }>> {
    const worker = this.#started();
    const id = ++this.#lastId;
    clearTimeout(this.#idle);
    return new Promise((resolve, reject) => {
      const timer = body.kind === 'ask' ? this.#timer() : undefined;
      this.#waiting.set(id, { timer, resolve, reject });
      worker.postMessage({ ...body, id });
    });
  }

  #timer(): NodeJS.Timeout {
    return setTimeout(() => void this.#end('it took too long', '57014'), answerMsMax).unref();
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(workerFile, { execArgv: ['--disable-warning=ExperimentalWarning'] });
    this.#worker = worker;
    worker.unref();
    worker.on('message', (reply: CatalogReply) => {
      if (this.#worker === worker) this.#take(reply);
    });
    worker.on('error', (error: unknown) => this.#gone(worker, error instanceof Error ? error.message : 'unknown'));
    worker.on('exit', () => this.#gone(worker, 'it has ended'));
    return worker;
  }

  #take(reply: CatalogReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    clearTimeout(waiting?.timer);
    if ('error' in reply) waiting?.reject(new SqlFailure(`the catalog failed: ${reply.error}`, { sqlstate: 'XX000' }));
    else waiting?.resolve(reply);
    if (this.#waiting.size > 0) return;
    this.#idle = setTimeout(() => void this.close(), idleMs);
    this.#idle.unref();
  }

  /** Another one may be at work already: what waits for that one goes on waiting. */
  #gone(worker: Worker, why: string, sqlstate = '57P01'): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new SqlFailure(`the catalog is gone: ${why}`, { sqlstate }));
    }
    this.#waiting.clear();
  }
}
