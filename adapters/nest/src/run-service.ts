import { parentPort } from 'node:worker_threads';

/** A service that is up. */
export interface RunningService {
  /** By what they are for: `api`, `metrics`. */
  readonly urls: Readonly<Record<string, string>>;
  /** Stops taking work, finishes what is in hand, and releases everything. */
  close(): Promise<void>;
}

/** How the service was told to stop, and what is told about it. */
export interface ServiceHooks {
  readonly onReady?: (service: RunningService) => void;
  /** Last words about an error that ends the process; printed to stderr when absent. */
  readonly onFatal?: (error: unknown) => void;
}

/**
 * Runs a service as a process of its own or as a worker thread, by the same main module: it says `{ kind: 'ready', urls }` to a
 * parent, and stops at SIGTERM, SIGINT or the parent's message 'stop'. Exit codes: 0 stopped as told, 1 anything else. A second
 * signal ends it at once.
 *
 * @param start resolves when the service is ready; called with a function that ends the service from within, with its exit code.
 */
export function runService(
  start: (end: (code: number) => void) => Promise<RunningService>,
  hooks: ServiceHooks = {},
): void {
  let running: RunningService | undefined;
  let isStopping = false;
  const fatal = (error: unknown) => {
    (hooks.onFatal ?? printFatal)(error);
    process.exit(1);
  };
  const stop = (code: number) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    if (running === undefined) process.exit(code);
    running.close().then(() => process.exit(code), fatal);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  process.on('SIGTERM', () => stop(0));
  process.on('SIGINT', () => stop(0));
  parentPort?.on('message', (message) => {
    if (message === 'stop') stop(0);
  });
  start(stop).then((service) => {
    running = service;
    if (isStopping) service.close().then(() => process.exit(0), fatal);
    const ready = { kind: 'ready', urls: service.urls };
    parentPort?.postMessage(ready);
    process.send?.(ready);
    hooks.onReady?.(service);
  }, fatal);
}

/** A stack may quote what it failed on, so only the error's own message goes out, with its remedy where it has one. */
function printFatal(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const remedy =
    error instanceof Error && 'remedy' in error && typeof error.remedy === 'string' ? `\n${error.remedy}` : '';
  process.stderr.write(`${message}${remedy}\n`);
}
