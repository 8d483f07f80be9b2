import { parentPort } from 'node:worker_threads';
import { nestError } from './errors.ts';
import { printFatal } from './print-fatal.ts';

/** A running service. */
export interface RunningService {
  /** URLs by purpose: `api`, `metrics`. */
  readonly urls: Readonly<Record<string, string>>;
  /** Accepts no more work, finishes work in progress, and releases everything. */
  close(): Promise<void>;
}

/** Messages about the service, and how long it may take to stop. */
export interface ServiceHooks {
  readonly onReady?: (service: RunningService) => void;
  /** Called with an error that ends the process; printed to stderr when absent. */
  readonly onFatal?: (error: unknown) => void;
  /** Limit of `close`; 30 s when absent, which is how long Kubernetes waits before it kills a container. */
  readonly closeWithinMs?: number;
}

/** Starts a service, which can end itself by `end` with an exit code. */
export type StartService = (end: (code: number) => void) => Promise<RunningService>;

/**
 * Runs a service as a process or as a worker thread, from the same main module. It reports `{ kind: 'ready', urls }` to
 * a parent, and stops on SIGTERM, SIGINT or the parent's message 'stop'; if it is still starting, after its start. Exit
 * codes: 0 when it was stopped, 1 otherwise. A second signal ends it at once.
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
