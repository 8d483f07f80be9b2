import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeOperations, outcomesCodec, topics, type OperationOutcome, type Routing } from '@medrex/contracts';
import { aRouting, eventually } from '@medrex/contracts/testing';
import { EmbeddedEventLog } from '@medrex/embedded';
import type { Operation } from '@medrex/execute-batch';
import type { RunningService } from '@medrex/nest';
import { createTelemetry, type Telemetry } from '@medrex/telemetry';
import { ordererConfig, type OrdererConfig } from '../config.ts';
import { startOrdererDag } from '../start-orderer-dag.ts';

const silent = {
  service: 'orderer-dag',
  traceRatio: 0,
  writeLog: () => undefined,
  isStrict: true,
  keepSpans: true,
} as const;

/** The whole service on its own embedded log; the test plays ingest and the readers of outcomes. */
export class OrdererUnderTest {
  readonly #folder: string;
  readonly #config: OrdererConfig;
  readonly #log: EmbeddedEventLog;
  #telemetry: Telemetry;
  #service: RunningService;

  private constructor(folder: string, config: OrdererConfig, telemetry: Telemetry, service: RunningService) {
    this.#folder = folder;
    this.#config = config;
    this.#telemetry = telemetry;
    this.#service = service;
    this.#log = new EmbeddedEventLog({ root: join(folder, 'log') });
  }

  static async start(variables: Readonly<Record<string, string>>): Promise<OrdererUnderTest> {
    const folder = await mkdtemp(join(tmpdir(), 'orderer-dag-'));
    const config = ordererConfig.parse({ MEDREX_DATA_DIR: folder, PORT: '0', ...variables });
    const telemetry = createTelemetry(silent);
    return new OrdererUnderTest(folder, config, telemetry, await startOrdererDag(config, { telemetry }));
  }

  /** Tracing of the current run. */
  get tracing(): Telemetry['tracing'] {
    return this.#telemetry.tracing;
  }

  url(what: 'model' | 'metrics', path = ''): string {
    return `${this.#service.urls[what] ?? ''}${path}`;
  }

  /** Appends operations as ingest does. */
  async append(operations: readonly Operation[], routing: Partial<Routing> = {}): Promise<void> {
    const run = operations.map((operation) => ({ operation, routing: aRouting(routing) }));
    const values = encodeOperations(run).map((value) => ({ value }));
    await this.#log.append(topics.operations, 0, values);
  }

  /** Resolves with all outcomes from the beginning, once there are `count`. */
  async outcomes(count: number): Promise<OperationOutcome[]> {
    const found: OperationOutcome[] = [];
    const from = { at: 'start' } as const;
    const subscription = await this.#log.subscribe(
      { group: 'test', topic: topics.outcomes, from },
      async ({ records }) => {
        for (const { value } of records) found.push(...outcomesCodec.parse(value).outcomes);
      },
    );
    await eventually(() => found.length >= count, 60_000);
    await subscription.close();
    return found;
  }

  /** The line of a metric series. */
  async metric(series: string): Promise<string | undefined> {
    const text = await (await fetch(this.url('metrics'))).text();
    return text.split('\n').find((line) => line.startsWith(`${series} `));
  }

  /** Stops the service; `begin` starts it again. */
  end(): Promise<void> {
    return this.#service.close();
  }

  async begin(): Promise<void> {
    this.#telemetry = createTelemetry(silent);
    this.#service = await startOrdererDag(this.#config, { telemetry: this.#telemetry });
  }

  async remove(): Promise<void> {
    await this.#service.close();
    await this.#log.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
