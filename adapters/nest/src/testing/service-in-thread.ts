// Runs ./service.ts in a thread, as `medrex start` runs the services, and ends with its exit code.
import { Worker } from 'node:worker_threads';

const service = new Worker(new URL('./service.ts', import.meta.url), { workerData: process.argv[2] });
service.on('exit', (code) => process.exit(code));
