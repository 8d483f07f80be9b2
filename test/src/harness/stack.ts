import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EventLog, LogRecord } from '@medrex/contracts';
import { EmbeddedEventLog } from '@medrex/embedded';
import { IngestClient } from './ingest-client.ts';
import { readEmbeddedLedger, type ReadLedger } from './left-behind.ts';
import { Sender } from './sender.ts';
import { ServiceProcess } from './service-process.ts';

/** The services in the order of their start; ingest is last. */
export const serviceNames = ['orderer-dag', 'dependency-analyzer', 'ingest'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Environment for the non-clinical asset contract. */
export const assetContracts = {
  MEDREX_CONTRACTS: '@medrex/execute-batch/testing#assetTransfer',
  MEDREX_INTAKE_CONTRACTS: '@medrex/contracts/testing#assetTransferIntake',
} as const;

/** Compile cache of the services, which start a third faster with it. */
const compileCache = join(tmpdir(), 'medrex-compile-cache');

/** How a test accesses the log and the ledger of a stack that is not embedded. */
export interface RealParts {
  /** Opens a client of the log, to be closed by the caller. */
  readonly openLog?: () => EventLog;
  /** All records of `operations`, when the log does not keep them. */
  readonly keptOperations?: (() => Promise<readonly LogRecord[]>) | undefined;
  /** Reads the ledger of the stopped services. */
  readonly readLedger?: ReadLedger;
}

/** The services as separate processes over one temporary data folder. */
export class Stack {
  readonly folder: string;
  readonly client: IngestClient;
  readonly #services: Readonly<Record<ServiceName, ServiceProcess>>;
  readonly #env: Readonly<Record<string, string>>;
  readonly #made: ServiceProcess[] = [];

  readonly openLog: () => EventLog;
  readonly keptOperations: RealParts['keptOperations'];
  readonly readLedger: ReadLedger;

  /** @param env additional environment of the services */
  constructor(env: Readonly<Record<string, string>> = {}, real: RealParts = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'medrex-stack-'));
    this.openLog = real.openLog ?? (() => new EmbeddedEventLog({ root: join(this.folder, 'log') }));
    this.keptOperations = real.keptOperations;
    this.readLedger = real.readLedger ?? readEmbeddedLedger;
    this.#env = env;
    this.#services = {
      'orderer-dag': this.another('orderer-dag'),
      'dependency-analyzer': this.another('dependency-analyzer'),
      ingest: this.another('ingest'),
    };
    this.client = new IngestClient(() => this.url('ingest', 'api'));
  }

  /** A second process of a service over the same folder. */
  another(name: ServiceName): ServiceProcess {
    const main = fileURLToPath(new URL(`../../../apps/${name}/dist/main.js`, import.meta.url));
    const env = { MEDREX_DATA_DIR: this.folder, NODE_COMPILE_CACHE: compileCache, ...this.#env };
    const made = new ServiceProcess({ name, main, env });
    this.#made.push(made);
    return made;
  }

  service(name: ServiceName): ServiceProcess {
    return this.#services[name];
  }

  url(name: ServiceName, what: string): string {
    return this.#services[name].urls[what] ?? '';
  }

  sender(source: string): Sender {
    return new Sender(this.client, source);
  }

  /** Starts the services that are not running, concurrently. */
  async start(names: readonly ServiceName[] = serviceNames): Promise<this> {
    const idle = names.map((name) => this.#services[name]).filter(({ isRunning }) => !isRunning);
    await Promise.all(idle.map((service) => service.start()));
    return this;
  }

  async kill(names: readonly ServiceName[] = serviceNames): Promise<void> {
    await Promise.all(names.map((name) => this.#services[name].kill()));
  }

  /** Stops all running services by SIGTERM, ingest first. @throws when one did not end with exit code 0 */
  async stop(): Promise<void> {
    for (const name of serviceNames.toReversed()) {
      const service = this.#services[name];
      if (!service.isRunning) continue;
      const ending = await service.stop();
      if (ending?.code !== 0) {
        const how = ending?.signal ?? `code ${String(ending?.code)}`;
        throw new Error(`${name} ended by ${how} when it was stopped:\n${service.output.slice(-3000)}`);
      }
    }
  }

  /** Kills the remaining processes and removes the folder. */
  async remove(): Promise<void> {
    await Promise.all(this.#made.map((service) => service.kill()));
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
