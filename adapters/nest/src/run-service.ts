import { parentPort } from 'node:worker_threads';
import { nestError } from './errors.ts';
import { printFatal } from './print-fatal.ts';

/** A service that is up. */
export interface RunningService {
  /** By what they are for: `api`, `metrics`. */
  readonly urls: Readonly<Record<string, string>>;
  /** Stops taking work, finishes what is in hand, and releases everything. */
  close(): Promise<void>;
}

/** What is told about the service, and how long it may take to end. */
export interface ServiceHooks {
  readonly onReady?: (service: RunningService) => void;
  /** Last words about an error that ends the process; printed to stderr when absent. */
  readonly onFatal?: (error: unknown) => void;
  /** How long `close` may take; 30 s when absent, which is what Kubernetes waits before it kills. */
  readonly closeWithinMs?: number;
}

/** Starts a service; `end` ends it from within, with its exit code. */
export type StartService = (end: (code: number) => void) => Promise<RunningService>;

/**
 * Runs a service as a process of its own or as a worker thread, by the same main module: it says `{ kind: 'ready', urls }` to a
 * parent, and stops at SIGTERM, SIGINT or the parent's message 'stop', after `start` when it is still starting. Exit codes: 0 stopped
 * as told, 1 anything else. A second signal ends it at once.
 */
export function runService(start: StartService, hooks: ServiceHooks = {}): void {
  new ServiceRun(start, hooks).run();
}

class ServiceRun {
  readonly #start: StartService;
  readonly #hooks: ServiceHooks;
  #isUp = false;
  #exitCode: number | undefined;
  #close: (() => Promise<void>) | undefined;

  constructor(start: StartService, hooks: ServiceHooks) {
    this.#start = start;
    this.#hooks = hooks;
  }

  run(): void {
    const stop = (): void => this.#stop(0);
    process.on('uncaughtException', (error) => this.#fail(error));
    process.on('unhandledRejection', (error) => this.#fail(error));
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    parentPort?.on('message', (message) => message === 'stop' && stop());
    this.#start((code) => this.#stop(code)).then(
      (service) => this.#ready(service),
      (error: unknown) => this.#fail(error),
    );
  }

  #ready(service: RunningService): void {
    this.#close = () => service.close();
    this.#isUp = true;
    if (this.#exitCode !== undefined) {
      this.#finish(this.#exitCode);
      return;
    }
    const ready = { kind: 'ready', urls: service.urls };
    parentPort?.postMessage(ready);
    process.send?.(ready);
    this.#hooks.onReady?.(service);
  }

  #stop(code: number): void {
    if (this.#exitCode !== undefined) process.exit(1);
    this.#exitCode = code;
    if (this.#isUp) this.#finish(code);
  }

  #finish(code: number): void {
    const ms = this.#hooks.closeWithinMs ?? 30_000;
    const late = (): void => this.#fail(nestError('SERVICE_CLOSE_TIMEOUT', `the service did not end within ${ms} ms`));
    setTimeout(late, ms).unref();
    this.#close?.().then(
      () => process.exit(code),
      (error: unknown) => this.#fail(error),
    );
  }

  #fail(error: unknown): void {
    if (this.#hooks.onFatal === undefined) printFatal(error, { isUp: this.#isUp });
    else this.#hooks.onFatal(error);
    process.exit(1);
  }
}
