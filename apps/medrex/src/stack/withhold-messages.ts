import type { RunningPgProxy } from '@medrex/pg-proxy';

/** Keeps Node from printing the message of a fatal error, as it may quote data of clients. Returns a function that undoes this. */
export function withholdMessages(running: RunningPgProxy): () => void {
  const die = (error: unknown): void => {
    running.logFatal(error);
    process.exit(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  return () => {
    process.off('uncaughtException', die);
    process.off('unhandledRejection', die);
  };
}
