import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';

export interface WatchedThreadOptions {
  readonly file: URL;
  /** Passed to the thread as workerData, together with `beats`, which the thread increments while its event loop runs. */
  readonly data: object;
  readonly env: NodeJS.ProcessEnv;
  readonly execArgv?: readonly string[];
  /** A thread whose event loop is blocked for longer is restarted. */
  readonly blockedMs: number;
  readonly onReady: () => void;
  readonly onRestart: (why: string) => void;
  /** Called when the thread ended before it was ever ready; it is not restarted. */
  readonly onFailedStart: (error: unknown) => void;
}

const checkEveryMs = 100;
const restartAfterMs = 100;

/**
 * A worker thread that is restarted whenever it ends or its event loop is blocked. It is watched from another thread,
 * so a contract in an endless loop cannot block the watchdog. The watchdog counts its own checks instead of time, so
 * that a suspended machine is not mistaken for a blocked loop.
 */
export class WatchedThread {
  readonly #options: WatchedThreadOptions;
  readonly #missedBeatsMax: number;
  readonly #timer: NodeJS.Timeout;
  readonly #beats = new Int32Array(new SharedArrayBuffer(4));
  #worker: Worker | undefined;
  #isReady = false;
  #wasReady = false;
  #isClosed = false;
  #lastBeat = 0;
  #missedBeats = 0;

  constructor(options: WatchedThreadOptions) {
    this.#options = options;
    this.#missedBeatsMax = Math.ceil(options.blockedMs / checkEveryMs);
    this.#timer = setInterval(() => this.#check(), checkEveryMs);
    this.#start();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
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
    this.#missedBeats = 0;
    this.#wasReady = true;
    this.#options.onReady();
  }

  #ended(failure: unknown): void {
    if (this.#isClosed) return;
    if (!this.#wasReady) {
      this.#options.onFailedStart(failure ?? new Error('the chaincode ended during its start'));
      return;
    }
    if (this.#isReady)
      this.#options.onRestart(failure === undefined ? 'it ended' : (inspect(failure).split('\n', 1)[0] ?? ''));
    setTimeout(() => this.#isClosed || this.#start(), restartAfterMs);
  }

  #check(): void {
    const beat = Atomics.load(this.#beats, 0);
    this.#missedBeats = beat === this.#lastBeat ? this.#missedBeats + 1 : 0;
    this.#lastBeat = beat;
    if (!this.#isReady || this.#missedBeats < this.#missedBeatsMax) return;
    this.#isReady = false;
    this.#options.onRestart(`a contract blocked the event loop for ${this.#options.blockedMs} ms`);
    void this.#worker?.terminate();
  }
}
