import {
  decodeOperations,
  operationsPerRecord,
  outcomesCodec,
  progressCodec,
  progressKey,
  receiptCodec,
  topics,
  type EventLog,
  type IntakeContract,
  type LogRecord,
  type OperationOutcome,
  type Progress,
  type Receipt,
  type SequencedOperation,
  type StatusStore,
} from '@medrex/contracts';
import { InMemoryEventLog, InMemoryStatusStore } from '@medrex/contracts/in-memory';
import { aProgress, eventually, realClock, wholeOperations, type WholeOperation } from '@medrex/contracts/testing';
import type { Contract } from '@medrex/execute-batch';
import { applySerially, type CommittedState } from '@medrex/execute-batch/testing';
import type { PatientVault } from '@medrex/privacy';
import { InMemoryPatientVault } from '@medrex/privacy/in-memory';
import { createTelemetry, type Telemetry } from '@medrex/telemetry';
import { randomBytes } from 'node:crypto';
import { ingestConfig } from '../config.ts';
import { startIngest } from '../start-ingest.ts';

export interface HarnessOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly contracts?: readonly IntakeContract[];
  readonly log?: EventLog;
  readonly statuses?: StatusStore;
  readonly vault?: PatientVault;
  readonly nowMs?: () => number;
  /** The secret of per-transaction mode; null for none. */
  readonly callSecret?: Uint8Array | null;
}

/** The outcome that a scripted ledger gives an operation; applied by default. */
export type Ending = Partial<Pick<OperationOutcome, 'status' | 'code' | 'message' | 'detail'>>;

/** Ingest on in-memory ports behind real HTTP, with the log and a scripted ledger around it. */
export class Harness {
  readonly url: string;
  readonly log: EventLog;
  readonly statuses: StatusStore;
  readonly vault: PatientVault;
  readonly telemetry: Telemetry;
  /** Lines of the log, as written. */
  readonly lines: readonly string[];
  readonly #close: () => Promise<void>;
  #blockNum = 0;
  #generation = 1;

  private constructor(
    url: string,
    ports: Required<Pick<HarnessOptions, 'log' | 'statuses' | 'vault'>>,
    telemetry: Telemetry,
    lines: readonly string[],
    close: () => Promise<void>,
  ) {
    this.url = url;
    ({ log: this.log, statuses: this.statuses, vault: this.vault } = ports);
    this.telemetry = telemetry;
    this.lines = lines;
    this.#close = close;
  }

  static async start(options: HarnessOptions = {}): Promise<Harness> {
    const lines: string[] = [];
    const telemetry = createTelemetry({
      service: 'ingest',
      traceRatio: Number(options.env?.['MEDREX_TRACE_RATIO'] ?? 0),
      isPretty: false,
      writeLog: (line) => lines.push(line),
      logLevel: 'debug',
      keepSpans: true,
      isStrict: true,
    });
    const ports = {
      log: options.log ?? new InMemoryEventLog({ clock: realClock, redelivery: { firstMs: 5, maxMs: 20 } }),
      statuses: options.statuses ?? new InMemoryStatusStore(),
      vault: options.vault ?? new InMemoryPatientVault({ random: randomBytes }),
    };
    const { contracts, nowMs, callSecret = Buffer.alloc(32, 7) } = options;
    const config = ingestConfig.parse({ PORT: '0', INGEST_STOP_GRACE_MS: '200', ...options.env });
    const given = {
      ...ports,
      telemetry,
      ...(callSecret !== null && { callSecret }),
      ...(contracts !== undefined && { contracts }),
      ...(nowMs !== undefined && { nowMs }),
    };
    const service = await startIngest(config, given);
    return new Harness(service.urls['api'] ?? '', ports, telemetry, lines, () => service.close());
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Closes ingest and starts a new one on the same ports. */
  async restart(options: HarnessOptions = {}): Promise<Harness> {
    await this.#close();
    const { log, statuses, vault } = this;
    return Harness.start({ log, statuses, vault, ...options });
  }

  post(path: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(this.url + path, {
      method: 'POST',
      body: Buffer.from(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  async get(
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly body: Json }> {
    const response = await fetch(this.url + path, { headers: { ...headers } });
    return { status: response.status, body: (await response.json()) as Json };
  }

  /** All operations of the operations log, in order. */
  async operations(): Promise<readonly WholeOperation[]> {
    return (await readAll(this.log, topics.operations)).flatMap(wholeOperations);
  }

  async receipts(): Promise<readonly Receipt[]> {
    return (await readAll(this.log, topics.receipts)).map(({ value }) => receiptCodec.parse(value));
  }

  /** Writes outcomes of operations as one Fabric transaction, as orderer-dag would. */
  async settle(
    operations: readonly SequencedOperation[],
    ending: (operation: SequencedOperation) => Ending = () => ({}),
  ): Promise<void> {
    this.#blockNum += 1;
    const place = { txId: `tx-${this.#blockNum}`, blockNum: this.#blockNum, txNum: 0 };
    const outcomes = operations.map((one): OperationOutcome => {
      const { operation, routing, seq } = one;
      const { opId, sourceHash } = operation;
      const standard = { status: 'applied', code: 'OK' } as const;
      return {
        ...standard,
        seq,
        opId,
        sourceHash,
        sealedName: routing.sealedName,
        item: routing.item,
        ...place,
        ...ending(one),
      };
    });
    const value = outcomesCodec.encode({ ...place, committedAtMs: Date.now(), outcomes });
    await this.log.append(topics.outcomes, 0, [{ value }]);
  }

  /** Settles every appended operation until the returned function is called. */
  async settleAll(ending?: (operation: SequencedOperation) => Ending): Promise<() => Promise<void>> {
    const from = { at: 'start' } as const;
    const subscription = await this.log.subscribe(
      { group: 'scripted-ledger', topic: topics.operations, from },
      async (run) => {
        await this.settle(run.records.flatMap(decodeOperations), ending);
      },
    );
    return () => subscription.close();
  }

  /** Applies every appended operation by its real contract, one after another, until the returned function is called. */
  async applyAll(ledgerContracts: readonly Contract[]): Promise<() => Promise<void>> {
    const state: CommittedState = new Map();
    const from = { at: 'start' } as const;
    const subscription = await this.log.subscribe(
      { group: 'serial-ledger', topic: topics.operations, from },
      async (run) => {
        for (const one of run.records.flatMap(wholeOperations)) {
          const [result] = await applySerially(ledgerContracts, [one.operation], state);
          if (result === undefined) throw new Error('an operation without a result');
          const { status, code, message, detail } = result;
          await this.settle([one], () => ({
            status,
            code,
            ...(message !== undefined && { message }),
            ...(detail !== undefined && { detail }),
          }));
        }
      },
    );
    return () => subscription.close();
  }

  async progress(given: Partial<Progress>): Promise<void> {
    const progress = aProgress({ generation: this.#generation, ...given });
    await this.log.append(topics.progress, 0, [{ key: progressKey(progress), value: progressCodec.encode(progress) }]);
  }

  /** Writes progress with the low-water mark at this operation. */
  async progressTo(operation: SequencedOperation | undefined): Promise<void> {
    const { end } = await this.log.bounds(topics.operations, 0);
    await this.progress({ lowWaterMark: operation?.seq ?? end * operationsPerRecord });
  }

  /** Value of a metric series, e.g. `medrex_ingest_operations_accepted_total{class="cpoe"}`. */
  async metric(series: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`${series} `));
    if (line === undefined) throw new Error(`no series ${series}`);
    return Number(line.slice(series.length + 1));
  }

  /** Waits until the status of an operation is no longer pending. */
  settled(opId: string): Promise<Json> {
    return eventually(async () => {
      const { body } = await this.get(`/v1/transactions/${opId}`);
      return body['state'] === 'pending' ? undefined : body;
    });
  }
}

/** A JSON object in an answer. */
export type Json = Readonly<Record<string, unknown>>;

/** All current records of a topic. */
export async function readAll(log: EventLog, topic: string): Promise<readonly LogRecord[]> {
  const { start, end } = await log.bounds(topic, 0);
  if (start === end) return [];
  const records: LogRecord[] = [];
  const subscription = await log.subscribe(
    { group: 'test', topic, partitions: [0], from: { at: 'start' } },
    async (run) => {
      records.push(...run.records);
    },
  );
  await eventually(() => (records.at(-1)?.offset ?? -1) + 1 >= end);
  await subscription.close();
  return records;
}
