// Runs ./service.ts in a thread, as `medrex start` does with services, and exits with its exit code.
import { Worker } from 'node:worker_threads';

const service = new Worker(new URL('./service.ts', import.meta.url), { workerData: process.argv[2] });
service.on('exit', (code) => process.exit(code));
