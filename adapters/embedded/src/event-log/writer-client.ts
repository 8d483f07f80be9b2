import type { NewRecord } from '@medrex/contracts';
import { startThread, ThreadClient } from '../threads/thread-client.ts';
import { packChunks } from './chunk.ts';
import { eventLogError, eventLogErrors } from './errors.ts';
import type { PartitionFiles } from './partition-files.ts';
import type { WriterRequest, WriterThreadData } from './writer-requests.ts';

type Appended = { readonly baseOffset: number; readonly lastOffset: number };

interface WaitingAppend {
  readonly records: readonly NewRecord[];
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: Error) => void;
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/**
 * The log's side of the writer thread. Appends of one tick to one partition are sent together, without copies beyond
 * packing.
 */
export class WriterClient {
  readonly #thread: ThreadClient<WithoutId<WriterRequest>, number>;
  readonly #gathering = new Map<string, WaitingAppend[]>();

  constructor(data: WriterThreadData) {
    this.#thread = new ThreadClient({
      start: () => startThread(import.meta.url, 'writer-thread', data),
      failure: (code, message) => eventLogError(isKnown(code) ? code : 'LOG_WRITE_FAILED', message),
      lost: (cause) => eventLogError('LOG_WRITE_FAILED', 'the thread that writes the event log ended', { cause }),
    });
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
      setImmediate(() => this.#send(files));
    });
  }

  /** Sends a request to the thread; resolves when it is done. */
  ask(request: WithoutId<WriterRequest>): Promise<number> {
    return this.#thread.ask(request);
  }

  /** Waits for all requests and ends the thread. */
  async close(): Promise<void> {
    while (this.#gathering.size > 0) await new Promise(setImmediate);
    await this.#thread.close({ kind: 'close' });
  }

  #send(files: PartitionFiles): void {
    const appends = this.#gathering.get(files.name) ?? [];
    this.#gathering.delete(files.name);
    const records = appends.flatMap((append) => append.records);
    const chunks = packChunks(records, files.retention.cleanup === 'compact');
    const memory = chunks.map((chunk) => chunk.bytes.buffer);
    this.#thread.ask({ kind: 'append', files, chunks }, memory).then(
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
}

function isKnown(code: string): code is keyof typeof eventLogErrors {
  return code in eventLogErrors;
}
