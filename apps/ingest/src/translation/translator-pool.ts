import { isCodedError } from '@medrex/coded-error';
import type { PatientVault } from '@medrex/privacy';
import { Worker } from 'node:worker_threads';
import type { IncomingMessage } from '../message/incoming-message.ts';
import { problem } from '../problem.ts';
import { codedError, foreignError } from './foreign-error.ts';
import type { Translated, Translator } from './translator.ts';
import type { FromWorker, ToWorker, WorkerSetUp } from './worker-messages.ts';

export interface TranslatorPoolOptions {
  readonly threads: number;
  readonly setUp: WorkerSetUp;
  readonly vault: Pick<PatientVault, 'findOrCreate'>;
  readonly onUnexpected: (error: unknown) => void;
  /** Maximum messages in progress per thread; more are refused with Retry-After. */
  readonly messagesMax?: number;
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, (translated: Translated) => void>;
}

/** Translates on worker threads. When a thread dies, its messages are answered as failed and the thread is replaced. */
export class TranslatorPool implements Translator {
  readonly #options: TranslatorPoolOptions;
  readonly #threads: Thread[] = [];
  #calls = 0;
  #isClosed = false;

  constructor(options: TranslatorPoolOptions) {
    this.#options = options;
    for (let started = 0; started < options.threads; started += 1) this.#threads.push(this.#startThread());
  }

  translate(message: IncomingMessage, time: string): Promise<Translated> {
    const thread = this.#threads.reduce<Thread | undefined>(
      (best, one) => (best === undefined || one.waiting.size < best.waiting.size ? one : best),
      undefined,
    );
    if (thread === undefined || thread.waiting.size >= (this.#options.messagesMax ?? 32)) {
      return Promise.resolve({ problem: problem('BUSY', { retryAfterS: 2 }) });
    }
    this.#calls += 1;
    const call = this.#calls;
    const { source, id, isIdDerived, opId, digest, attributes } = message;
    const bytes = new Uint8Array(message.bytes); // a transferable copy, as the original may be part of a larger buffer
    return new Promise((resolve) => {
      thread.waiting.set(call, resolve);
      const light = { source, id, isIdDerived, opId, digest, attributes, bytes };
      thread.worker.postMessage({ kind: 'translate', call, message: light, time } satisfies ToWorker, [bytes.buffer]);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #startThread(): Thread {
    const worker = new Worker(workerFile, { workerData: this.#options.setUp, execArgv: workerArguments });
    const thread: Thread = { worker, waiting: new Map() };
    worker.on('message', (message: FromWorker) => this.#receive(thread, message));
    worker.on('error', (error) => this.#options.onUnexpected(error));
    worker.on('exit', () => this.#replace(thread));
    worker.unref();
    return thread;
  }

  #receive({ worker, waiting }: Thread, message: FromWorker): void {
    if (message.kind === 'lookups') {
      void this.#lookUp(worker, message);
    } else if (message.kind === 'unexpected') {
      this.#options.onUnexpected(codedError(message.error));
    } else {
      waiting.get(message.call)?.(message.kind === 'problem' ? { problem: message.problem } : unpack(message));
      waiting.delete(message.call);
    }
  }

  async #lookUp(worker: Worker, { call, lookups }: Extract<FromWorker, { kind: 'lookups' }>): Promise<void> {
    try {
      const found = await this.#options.vault.findOrCreate(lookups);
      worker.postMessage({ kind: 'patients', call, found } satisfies ToWorker);
    } catch (error) {
      const known = isCodedError(error) ? { error: foreignError(error) } : {};
      worker.postMessage({ kind: 'no patients', call, ...known } satisfies ToWorker);
    }
  }

  #replace(thread: Thread): void {
    for (const resolve of thread.waiting.values()) resolve({ problem: problem('TRANSLATION_FAILED') });
    thread.waiting.clear();
    this.#threads.splice(this.#threads.indexOf(thread), 1);
    // A thread that fails to start is only restarted after a pause.
    setTimeout(() => this.#isClosed || this.#threads.push(this.#startThread()), restartMs).unref();
  }
}

const restartMs = 500;

/** Whether this runs from sources under Node's type stripping rather than from built files. */
const isSource = import.meta.url.endsWith('.ts');
const workerFile = new URL(isSource ? './worker.ts' : './worker.js', import.meta.url);
const workerArguments = isSource ? ['--conditions=@medrex/source', '--disable-warning=ExperimentalWarning'] : [];

function unpack({ items, packed }: Extract<FromWorker, { kind: 'items' }>): Translated {
  let at = 0;
  return {
    items: items.map((item) => {
      if (item.kind === 'refused') return item;
      const { kind, item: number, opId, contract, class: operationClass, bytes } = item;
      at += bytes;
      return {
        kind,
        item: number,
        opId,
        contract,
        class: operationClass,
        operationBytes: packed.subarray(at - bytes, at),
      };
    }),
  };
}

/** Translates large messages on worker threads and small ones in place, where the transfer would cost more than it saves. */
export class SizedTranslator implements Translator {
  readonly #small: Translator;
  readonly #big: Translator;
  readonly #bigFromBytes: number;

  constructor(small: Translator, big: Translator, bigFromBytes: number) {
    this.#small = small;
    this.#big = big;
    this.#bigFromBytes = bigFromBytes;
  }

  translate(message: IncomingMessage, time: string): Promise<Translated> {
    return (message.bytes.length >= this.#bigFromBytes ? this.#big : this.#small).translate(message, time);
  }
}
