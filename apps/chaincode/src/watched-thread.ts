import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';

export interface WatchedThreadOptions {
  readonly file: URL;
  /** Given to the thread as workerData, with `beats` besides, which it counts up for as long as its loop turns. */
  readonly data: object;
  readonly env: NodeJS.ProcessEnv;
  readonly execArgv?: readonly string[];
  /** A thread whose loop stands still for longer is ended and started again. */
  readonly blockedMs: number;
  readonly onReady: () => void;
  readonly onRestart: (why: string) => void;
  /** It ended before it was ever ready: starting it again would not help. */
  readonly onFailedStart: (error: unknown) => void;
}

const lookEveryMs = 100;
const restartAfterMs = 100;

/**
 * A thread that is started again whenever it ends or its loop stands still. The watching is done out of its reach: a contract that
 * loops for ever cannot hold up the thread that ends it. Looks are counted, not time: a machine that slept has not blocked anything.
 */
export class WatchedThread {
  readonly #options: WatchedThreadOptions;
  readonly #looksMax: number;
  readonly #looking: NodeJS.Timeout;
  readonly #beats = new Int32Array(new SharedArrayBuffer(4));
  #worker: Worker | undefined;
  #isReady = false;
  #wasReady = false;
  #isClosed = false;
  #lastBeat = 0;
  #standing = 0;

  constructor(options: WatchedThreadOptions) {
    this.#options = options;
    this.#looksMax = Math.ceil(options.blockedMs / lookEveryMs);
    this.#looking = setInterval(() => this.#look(), lookEveryMs);
    this.#start();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#looking);
    await this.#worker?.terminate();
  }

  #start(): void {
    const { file, data, env, execArgv } = this.#options;
    this.#isReady = false;
    const worker = new Worker(file, {
      workerData: { ...data, beats: this.#beats },
      env,
      ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
    });
    this.#worker = worker;
    let failure: unknown;
    worker.on('message', (message) => message === 'ready' && this.#ready());
    worker.on('error', (error: unknown) => (failure = error));
    worker.on('exit', () => this.#ended(failure));
  }

  #ready(): void {
    this.#isReady = true;
    this.#standing = 0;
    this.#wasReady = true;
    this.#options.onReady();
  }

  #ended(failure: unknown): void {
    if (this.#isClosed) return;
    if (!this.#wasReady) {
      this.#options.onFailedStart(failure ?? new Error('the chaincode ended while it started'));
      return;
    }
    if (this.#isReady)
      this.#options.onRestart(failure === undefined ? 'it ended' : (inspect(failure).split('\n', 1)[0] ?? ''));
    setTimeout(() => this.#isClosed || this.#start(), restartAfterMs);
  }

  #look(): void {
    const beat = Atomics.load(this.#beats, 0);
    this.#standing = beat === this.#lastBeat ? this.#standing + 1 : 0;
    this.#lastBeat = beat;
    if (!this.#isReady || this.#standing < this.#looksMax) return;
    this.#isReady = false;
    this.#options.onRestart(`a contract let nothing else run for ${this.#options.blockedMs} ms`);
    void this.#worker?.terminate();
  }
}
