import { isCodedError } from '@medrex/coded-error';
import { CommittedOffsets } from './committed-offsets.ts';
import type { PartitionFiles } from './partition-files.ts';
import {
  dropByRetention,
  dropSegmentsBelow,
  isPastRetention,
  PartitionWriter,
  type SegmentLimits,
} from './partition-writer.ts';
import type { AppendRequest, WriterAnswer, WriterRequest } from './writer-requests.ts';

/** Receives the writer's results. */
export interface LogWriterResults {
  answer(answer: WriterAnswer): void;
  /** @param partition `<topic>/<partition>` with new records */
  appended(partition: string): void;
}

/** Writes groups of requests: the appends of a group to one partition share one transaction and one fsync. */
export class LogWriter {
  readonly #limits: SegmentLimits;
  readonly #results: LogWriterResults;
  readonly #writers = new Map<string, PartitionWriter>();
  readonly #offsets = new CommittedOffsets();

  constructor(limits: SegmentLimits, results: LogWriterResults) {
    this.#limits = limits;
    this.#results = results;
  }

  write(group: readonly WriterRequest[]): 'open' | 'closed' {
    const appends = group.filter((request) => request.kind === 'append');
    for (const requests of Map.groupBy(appends, ({ files }) => files.name).values()) this.#append(requests);
    for (const request of group) {
      if (request.kind === 'append') continue;
      this.#answer(request);
      if (request.kind === 'close') return 'closed';
    }
    return 'open';
  }

  #append(requests: readonly AppendRequest[]): void {
    const [{ files }] = requests as [AppendRequest];
    const chunks = requests.flatMap((request) => request.chunks);
    try {
      let offset = this.#writer(files).append(chunks, Date.now());
      for (const request of requests) {
        this.#results.answer({ id: request.id, value: offset });
        for (const chunk of request.chunks) offset += chunk.count;
      }
      this.#results.appended(files.name);
    } catch (error) {
      this.#forget(files);
      for (const { id } of requests) this.#results.answer(failure(id, files.name, error));
    }
  }

  #answer(request: Exclude<WriterRequest, AppendRequest>): void {
    try {
      this.#do(request);
      this.#results.answer({ id: request.id, value: 0 });
    } catch (error) {
      this.#results.answer(failure(request.id, 'files' in request ? request.files.name : 'the log', error));
    }
  }

  #do(request: Exclude<WriterRequest, AppendRequest>): void {
    switch (request.kind) {
      case 'commit':
        return this.#offsets.commit(request);
      case 'truncate':
        return dropSegmentsBelow(request.files.folder, request.offset);
      case 'sweep':
        return this.#sweep(request.files);
      case 'close':
        for (const writer of this.#writers.values()) writer.close();
        return this.#offsets.close();
    }
  }

  // Retention also applies to a partition without a writer: this thread then becomes its writer for a moment.
  #sweep(files: PartitionFiles): void {
    const nowMs = Date.now();
    const mine = this.#writers.get(files.name);
    if (mine !== undefined) return mine.sweep(nowMs);
    if (!isPastRetention(files, nowMs)) return dropByRetention(files.folder, files.retention, nowMs);
    try {
      this.#writer(files).sweep(nowMs);
    } catch (error) {
      if (!isCodedError(error, 'LOG_HAS_ANOTHER_WRITER')) throw error; // its writer sweeps it
    } finally {
      this.#forget(files);
    }
  }

  #writer(files: PartitionFiles): PartitionWriter {
    const known = this.#writers.get(files.name);
    if (known !== undefined) return known;
    const opened = new PartitionWriter(files, this.#limits);
    this.#writers.set(files.name, opened);
    return opened;
  }

  // After a failure the file is opened again, since only it tells what was stored.
  #forget({ name }: PartitionFiles): void {
    const writer = this.#writers.get(name);
    this.#writers.delete(name);
    writer?.close();
  }
}

function failure(id: number, name: string, error: unknown): WriterAnswer {
  if (isCodedError(error)) return { id, code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { id, code: 'LOG_WRITE_FAILED', message: `${name}: ${message}` };
}
