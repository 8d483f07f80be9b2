import type { RunningPgProxy } from '@medrex/pg-proxy';

/** Node would print the message of an error that ends the process, which may quote what a client has sent. Returns what takes this back. */
export function withholdMessages(running: RunningPgProxy): () => void {
  const die = (error: unknown): void => {
    running.died(error);
    process.exit(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  return () => {
    process.off('uncaughtException', die);
    process.off('unhandledRejection', die);
  };
}
