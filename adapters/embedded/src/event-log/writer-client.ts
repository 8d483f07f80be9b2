import { Worker } from 'node:worker_threads';
import type { NewRecord } from '@medrex/contracts';
import { packChunks } from './chunk.ts';
import { eventLogError } from './errors.ts';
import type { PartitionFiles } from './partition-files.ts';
import type { WriterAnswer, WriterRequest, WriterThreadData } from './writer-requests.ts';

type Appended = { readonly baseOffset: number; readonly lastOffset: number };

interface Waiting {
  readonly resolve: (value: number) => void;
  readonly reject: (error: Error) => void;
}

interface WaitingAppend {
  readonly records: readonly NewRecord[];
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: Error) => void;
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** The writer thread as the log sees it; started with the first request. Appends of one tick to one partition go over as one. */
export class WriterClient {
  readonly #data: WriterThreadData;
  readonly #waiting = new Map<number, Waiting>();
  readonly #gathering = new Map<string, WaitingAppend[]>();
  #worker: Worker | undefined;
  #lastId = 0;

  constructor(data: WriterThreadData) {
    this.#data = data;
  }

  append(files: PartitionFiles, records: readonly NewRecord[]): Promise<Appended> {
    return new Promise((resolve, reject) => {
      const gathering = this.#gathering.get(files.name);
      const append = { records, resolve, reject };
      if (gathering !== undefined) {
        gathering.push(append);
        return;
      }
      this.#gathering.set(files.name, [append]);
      setImmediate(() => this.#send(files, this.#take(files.name)));
    });
  }

  /** Asks the thread for something; resolves with the number that it answers. */
  ask(request: WithoutId<WriterRequest>, transfer: readonly ArrayBuffer[] = []): Promise<number> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      const worker = this.#running();
      worker.ref(); // a process that waits for its log must not end
      worker.postMessage({ ...request, id }, transfer as ArrayBuffer[]);
    });
  }

  /** Waits for everything that was asked and ends the thread. */
  async close(): Promise<void> {
    while (this.#gathering.size > 0) await new Promise(setImmediate);
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    await this.ask({ kind: 'close' });
    worker.ref(); // the answer let go of it
    await exited;
  }

  #take(name: string): WaitingAppend[] {
    const gathered = this.#gathering.get(name) ?? [];
    this.#gathering.delete(name);
    return gathered;
  }

  #send(files: PartitionFiles, appends: readonly WaitingAppend[]): void {
    const records = appends.flatMap((append) => append.records);
    const chunks = packChunks(records, files.retention.cleanup === 'compact');
    const memory = chunks.map((chunk) => chunk.bytes.buffer);
    this.ask({ kind: 'append', files, chunks }, memory).then(
      (baseOffset) => {
        let next = baseOffset;
        for (const append of appends) {
          const base = next;
          next += append.records.length;
          append.resolve({ baseOffset: base, lastOffset: next - 1 });
        }
      },
      (error: unknown) => {
        for (const append of appends) append.reject(error as Error);
      },
    );
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = startWriterThread(this.#data);
    worker.on('message', (answer: WriterAnswer) => this.#settle(answer));
    // Both mean that the thread is gone; the next request starts another.
    worker.on('error', (error: unknown) => this.#lost(worker, error));
    worker.on('exit', () => this.#lost(worker, undefined));
    this.#worker = worker;
    return worker;
  }

  #settle(answer: WriterAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker?.unref();
    if ('value' in answer) waiting?.resolve(answer.value);
    else waiting?.reject(eventLogError(answer.code, answer.message));
  }

  #lost(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of lost) {
      reject(eventLogError('LOG_WRITE_FAILED', 'the thread that writes the event log ended', { cause }));
    }
  }
}

/** Starts the thread from where this file is: the TypeScript sources, which Node runs as they are, or what was built of them. */
function startWriterThread(data: WriterThreadData): Worker {
  const isSource = import.meta.url.endsWith('.ts');
  const file = new URL(isSource ? './writer-thread.ts' : './writer-thread.js', import.meta.url);
  const execArgv = isSource ? ['--conditions=@medrex/source'] : [];
  const worker = new Worker(file, { workerData: data, execArgv, name: 'event-log-writer' });
  worker.unref();
  return worker;
}
