import { setImmediate as nextTurn } from 'node:timers/promises';
import { defaultPlannerLimits } from '@medrex/batch-planner';
import {
  encodeOperations,
  operationsPerRecord,
  topics,
  type Clock as LogClock,
  type EventLog,
  type OperationOutcome,
  type Routing,
  type Subscription,
} from '@medrex/contracts';
import { InMemoryEventLog, InMemoryTopics } from '@medrex/contracts/in-memory';
import { aRouting } from '@medrex/contracts/testing';
import { batchChaincode, type Contract, type Operation } from '@medrex/execute-batch';
import { accountKey, assetTransfer } from '@medrex/execute-batch/testing';
import { seededRandom, type Chaincode, type ModelFaults, type ModelLatencies, type Scheduler } from '@medrex/ledger';
import { InMemoryLedger } from '@medrex/ledger/in-memory';
import { CallKey } from '@medrex/privacy';
import { ChannelDriver } from '../channel-driver.ts';
import type { ChannelLoop } from '../channel-loop.ts';
import type { ChannelObserver } from '../channel-observer.ts';
import type { ChannelLimits, ChannelOptions } from '../channel-options.ts';
import { ReportedOutcomes, type Placed } from './channel-record.ts';
import { ManualClock } from './manual-clock.ts';
import { KillableProcess } from './killable-process.ts';
import { recordingObserver } from './recording-observer.ts';

/** Options of a test channel; all have defaults. */
export interface TestChannelOptions {
  readonly seed?: number;
  readonly contracts?: readonly Contract[];
  /** Foreign chaincodes, for calls. */
  readonly plain?: readonly Chaincode[];
  readonly organisations?: readonly string[];
  readonly faults?: Partial<ModelFaults>;
  readonly latencies?: Partial<ModelLatencies>;
  readonly limits?: Partial<ChannelLimits>;
}

/** An orderer-dag instance of a test channel. */
export interface TestInstance {
  readonly driver: ChannelDriver;
  /** The loop of a leader. */
  readonly loop: ChannelLoop;
  readonly killable: KillableProcess;
  readonly notes: string[];
  readonly count: (note: string) => number;
  /** SIGTERM. */
  stop(): Promise<void>;
  /** True once it has seen a newer generation. */
  isSuperseded(): boolean;
}

const batchTimeoutMs = 20;

/** The call key of every test channel. */
export const callKey = new CallKey(Buffer.alloc(32, 7), 'ehr');

/** A channel on an in-memory log and ledger with a manual clock. Deterministic for a given seed. */
export class TestChannel {
  readonly clock = new ManualClock();
  readonly topics = new InMemoryTopics();
  readonly ledger: InMemoryLedger;
  readonly contracts: readonly Contract[];
  /** All appended operations with their seqs. */
  readonly placed: Placed[] = [];
  readonly #options: TestChannelOptions;
  readonly #log: EventLog;
  readonly #reported = new ReportedOutcomes(this.topics);
  #instances = 0;

  private constructor(options: TestChannelOptions, ledger: InMemoryLedger, contracts: readonly Contract[]) {
    this.#options = options;
    this.ledger = ledger;
    this.contracts = contracts;
    this.#log = this.newLog();
  }

  static async open(options: TestChannelOptions = {}): Promise<TestChannel> {
    const contracts = options.contracts ?? [assetTransfer];
    const { organisations, faults, latencies, seed = 1, plain = [] } = options;
    const clock: { now?: ManualClock } = {};
    const scheduler: Scheduler = {
      nowMs: () => clock.now?.now() ?? 0,
      after: (ms, run) => clock.now?.after(ms, run) ?? (() => undefined),
    };
    const ledger = await InMemoryLedger.open({
      chaincodes: [chaincode(contracts), ...plain],
      scheduler,
      seed,
      cutter: { batchTimeoutMs },
      ...(organisations && { organisations }),
      ...(faults && { faults }),
      ...(latencies && { latencies }),
    });
    const channel = new TestChannel(options, ledger, contracts);
    clock.now = channel.clock;
    return channel;
  }

  /** Another client of the same broker. */
  newLog(): EventLog {
    const clock: LogClock = {
      nowMs: () => this.clock.now(),
      sleep: (ms) => new Promise((resolve) => void this.clock.after(ms, resolve)),
      nextTurn: () => nextTurn(),
    };
    return new InMemoryEventLog({ clock, topics: this.topics });
  }

  /** Appends operations as ingest does, in one run; returns their seqs. */
  async append(operations: readonly Operation[], routing: Partial<Routing> = {}): Promise<number[]> {
    const accepted = operations.map((operation) => ({
      operation,
      routing: aRouting({ acceptedAtMs: this.clock.now(), ...routing }),
    }));
    const seqs: number[] = [];
    for (const value of encodeOperations(accepted)) {
      const { baseOffset } = await this.#log.append(topics.operations, 0, [{ value }]);
      const count = Buffer.from(value).readUInt16BE(1);
      for (let place = 0; place < count; place++) {
        const operation = operations[seqs.length] as Operation;
        const seq = baseOffset * operationsPerRecord + place;
        seqs.push(seq);
        this.placed.push({ seq, operation });
      }
    }
    return seqs;
  }

  /** Options for a new orderer-dag of this channel. */
  channelOptions(given: {
    readonly killable?: KillableProcess;
    readonly wrap?: (log: EventLog) => EventLog;
    readonly observer?: ChannelObserver;
  }): ChannelOptions {
    const { killable = new KillableProcess(), wrap = (log) => log, observer = recordingObserver().observer } = given;
    const instance = `instance-${++this.#instances}`;
    return {
      channel: 'ehr',
      partition: 0,
      chaincode: 'medrex',
      creator: 'MedrexMSP',
      observer,
      place: (this.#instances % 8) / 8,
      log: wrap(killable.log(this.newLog())),
      clock: killable.clock(this.clock),
      secret: Buffer.from(instance),
      callKey,
      ledger: killable.ledger(this.ledger),
      blocks: killable.blocks(this.ledger),
      limits: { ...testLimits(this.#options.seed ?? 1), ...this.#options.limits },
    };
  }

  /** Starts an orderer-dag. @param wrap may wrap its log, e.g. with faults */
  async start(
    given: {
      readonly killable?: KillableProcess;
      readonly wrap?: (log: EventLog) => EventLog;
    } = {},
  ): Promise<TestInstance> {
    const { killable = new KillableProcess(), wrap = (log) => log } = given;
    const { observer, notes, count } = recordingObserver();
    const options = this.channelOptions({ killable, wrap, observer });
    const { log } = options;
    const reported: Reported = { isSuperseded: false };
    const opening = ChannelDriver.open(options, (error) => reported.onEnd?.(error));
    const driver = await Promise.race([opening, killable.died]);
    if (driver === undefined) return { ...diesBeforeLeading, killable, notes, count };
    return Object.assign(await subscribed(driver, log, reported), { killable, notes, count });
  }

  /** A foreign client sets the balance of an account; on a faulty network its transaction may be lost like any other. */
  foreignWrite(account: string, balance: number): void {
    const value = Buffer.from(JSON.stringify({ balance }));
    void this.ledger.foreignWrite({ key: accountKey(account), value }).catch(() => undefined);
  }

  /** Advances time until `isDone`, by at most `maxMs`. */
  async until(isDone: () => boolean | Promise<boolean>, maxMs = 120_000): Promise<void> {
    for (let passed = 0; !(await isDone()); passed += 5) {
      if (passed >= maxMs) throw new Error(`not done after ${maxMs} ms of the test's time`);
      await this.clock.advance(5);
    }
  }

  /** Advances time until every appended operation is reported. */
  async quiet(maxMs?: number): Promise<void> {
    await this.until(() => {
      const reported = this.outcomes();
      return this.placed.every(({ seq }) => reported.has(seq));
    }, maxMs);
  }

  /** The distinct outcomes reported for each seq. */
  outcomes(): ReadonlyMap<number, readonly OperationOutcome[]> {
    return this.#reported.bySeq();
  }

  /** The outcome of a seq as `status code`. */
  end(seq: number): string | undefined {
    const outcome = this.outcomes().get(seq)?.[0];
    return outcome && `${outcome.status} ${outcome.code}`;
  }
}

interface Reported {
  isSuperseded: boolean;
  onEnd?: (error: unknown) => void;
}

/** An instance that died before it led the channel. */
const diesBeforeLeading = {
  driver: undefined as never,
  loop: undefined as never,
  stop: async () => undefined,
  isSuperseded: () => false,
};

/** Subscribes a driver, and stops it, as the service does. */
async function subscribed(
  driver: ChannelDriver,
  log: EventLog,
  reported: Reported,
): Promise<Pick<TestInstance, 'driver' | 'loop' | 'stop' | 'isSuperseded'>> {
  const { operations, progress } = driver.readFrom;
  const group = 'orderer-dag';
  reported.onEnd = () => {
    if (!reported.isSuperseded) void driver.abandon();
    reported.isSuperseded = true;
  };
  const subscriptions: Subscription[] = [
    await log.subscribe({ group, topic: topics.operations, from: { at: 'offset', offset: operations } }, (run) =>
      driver.onOperations(run),
    ),
    await log.subscribe({ group, topic: topics.analyzed, from: { at: 'committed' } }, async (run) => {
      driver.onAnalyzed(run);
    }),
    await log.subscribe({ group, topic: topics.progress, from: { at: 'offset', offset: progress } }, async (run) => {
      if (!reported.isSuperseded) driver.onProgress(run);
    }),
  ];
  const stop = async (): Promise<void> => {
    await driver.close();
    await Promise.all(subscriptions.map((one) => one.close()));
  };
  return {
    driver,
    stop,
    isSuperseded: () => reported.isSuperseded,
    get loop() {
      return driver.loop as ChannelLoop;
    },
  };
}

const chaincode = (contracts: readonly Contract[], version = '1') =>
  batchChaincode({ name: 'medrex', version, contracts });

/** Makes another version of the channel's chaincode. */
export const chaincodeOf = chaincode;

function testLimits(seed: number): ChannelLimits {
  const jitter = seededRandom(seed);
  return {
    planner: { ...defaultPlannerLimits, jitter },
    live: { operationsMax: 5_000, bytesMax: 64 * 1024 * 1024 },
    endorseTimeoutMs: 5_000,
    unseenAfterMs: 2_000 + batchTimeoutMs,
    progressEveryMs: 100,
    outcomesWaitingMax: 64,
    blocksWaitingMax: 64,
    doneRangesMax: 4_096,
    backoff: { baseMs: 50, capMs: 2_000, jitter },
  };
}
