// Prints why a proxy with that configuration does not start. A process of its own, because it only ends by itself if nothing is left open.
import { startPgProxy } from '../start-pg-proxy.ts';

await startPgProxy({ file: process.argv[2], environment: { LOG_LEVEL: 'silent' } }).catch((error: unknown) =>
  console.log((error as Error).message),
);
