import { setTimeout as delay } from 'node:timers/promises';
import { outcomesCodec, progressCodec, topics } from '@medrex/contracts';
import { eventually } from './eventually.ts';
import { fabricHeight } from './fabric-left.ts';
import { KafkaStack } from './kafka-stack.ts';
import { RealNetwork } from './real-network.ts';
import type { Sender } from './sender.ts';
import type { ServiceProcess } from './service-process.ts';
import { assetContracts } from './stack.ts';

const chaincodeContracts = { MEDREX_CONTRACTS: assetContracts.MEDREX_CONTRACTS };
const senders = 10;
/** Operations per sender and second. */
const perSecond = 100;

/** Signal sent to the leader. */
export type Ending = 'SIGKILL' | 'SIGTERM' | 'SIGSTOP';

/** Events on the log, in ms after the signal to the leader. */
export interface Succession {
  readonly claimMs: number;
  readonly firstOutcomeMs: number;
  /** The longest time without an outcome, in ms. */
  readonly pauseMs: number;
}

/** Ingest, analyzer and two orderer-dag on their own Kafka and Fabric, under 1,000 operations per second. */
export class TwoLeaders {
  readonly network = new RealNetwork({ parts: ['kafka', 'fabric'], env: chaincodeContracts });
  #runs = 0;

  static async up(): Promise<TwoLeaders> {
    const leaders = new TwoLeaders();
    await leaders.network.up();
    return leaders;
  }

  /** New services on new topics. */
  async start(): Promise<LedServices> {
    const profile = this.network.env['MEDREX_FABRIC_PROFILE'] ?? '';
    const firstBlock = await fabricHeight(profile);
    const env = { ...assetContracts, MEDREX_LEDGER: 'fabric', MEDREX_FABRIC_PROFILE: profile };
    const kafka = await KafkaStack.on(this.network.env['MEDREX_TEST_KAFKA'] ?? '', env);
    await kafka.stack.start();
    const second = kafka.stack.another('orderer-dag');
    await second.start();
    return { kafka, second, firstBlock, profile, load: await DepositLoad.on(kafka, `standby${this.#runs++}`) };
  }

  async remove(): Promise<void> {
    await this.network.remove();
  }
}

export interface LedServices {
  readonly kafka: KafkaStack;
  readonly second: ServiceProcess;
  readonly load: DepositLoad;
  readonly profile: string;
  readonly firstBlock: number;
}

interface Heard {
  readonly atMs: number;
  readonly operations: number;
}

/** Deposits at a steady rate through ingest, with the outcomes and claims read from the log. */
export class DepositLoad {
  readonly senders: readonly Sender[];
  /** Status of each operation. */
  readonly ends = new Map<string, string>();
  /** Operations with two different outcomes. */
  readonly contradictions: string[] = [];
  /** When each new claim was read. */
  readonly claims: number[] = [];
  readonly #reported: Heard[] = [];
  readonly #beganMs = Date.now();
  readonly #loops: Promise<unknown>;
  #generation = 0;
  #isOver = false;
  #failure: unknown;

  private constructor(kafka: KafkaStack, name: string) {
    this.senders = Array.from({ length: senders }, (_, number) => kafka.stack.sender(`${name}-${number}`));
    this.#loops = Promise.all(this.senders.map((sender) => this.#send(sender))).catch((error: unknown) => {
      this.#failure = error;
    });
  }

  static async on(kafka: KafkaStack, name: string): Promise<DepositLoad> {
    const load = new DepositLoad(kafka, name);
    const place = { group: 'test', partitions: [0], from: { at: 'start' } } as const;
    await kafka.log.subscribe({ ...place, topic: topics.progress }, async ({ records }) => {
      for (const { value } of records) load.#claimed(progressCodec.decode(value).generation);
    });
    await kafka.log.subscribe({ ...place, topic: topics.outcomes }, async ({ records }) => {
      for (const { value } of records) load.#ended(outcomesCodec.parse(value).outcomes);
    });
    return load;
  }

  end(): void {
    this.#isOver = true;
  }

  /** Resolves when all operations with a receipt are terminal. */
  async finished(): Promise<void> {
    await this.#loops;
    if (this.#failure !== undefined) throw this.#failure as Error;
    await eventually('every operation has ended', () => {
      const pending = this.senders.flatMap(({ accepted }) => accepted.filter(({ opId }) => !this.ends.has(opId)));
      if (pending.length > 0) throw new Error(`${pending.length} have not`);
      return true;
    });
  }

  /** Resolves when that many more operations are terminal. */
  async settled(more: number): Promise<void> {
    const goal = this.ends.size + more;
    await eventually(`${more} more have ended`, () => this.ends.size >= goal, 120_000);
  }

  /** When the next claim after `sinceMs` was read, and the first outcome after it. */
  async successor(sinceMs: number): Promise<Succession> {
    const claimedMs = await eventually('another leads', () => this.claims.find((atMs) => atMs >= sinceMs));
    const outcome = await eventually('it tells of ends', () => this.#reported.find(({ atMs }) => atMs > claimedMs));
    const firstOutcomeMs = outcome.atMs - sinceMs;
    return { claimMs: claimedMs - sinceMs, firstOutcomeMs, pauseMs: this.#longestPauseMs(sinceMs) };
  }

  #longestPauseMs(sinceMs: number): number {
    const times = [sinceMs, ...this.#reported.filter(({ atMs }) => atMs >= sinceMs).map(({ atMs }) => atMs)];
    return Math.max(...times.slice(1).map((atMs, index) => atMs - (times[index] as number)));
  }

  rate(): { readonly acceptedPerSecond: number } {
    const accepted = this.senders.reduce((sum, one) => sum + one.accepted.length, 0);
    return { acceptedPerSecond: Math.round((accepted * 1000) / (Date.now() - this.#beganMs)) };
  }

  #claimed(generation: number): void {
    if (generation > this.#generation && this.#generation > 0) this.claims.push(Date.now());
    this.#generation = Math.max(this.#generation, generation);
  }

  #ended(outcomes: readonly { readonly opId: string; readonly status: string }[]): void {
    this.#reported.push({ atMs: Date.now(), operations: outcomes.length });
    for (const { opId, status } of outcomes) {
      const known = this.ends.get(opId);
      if (known !== undefined && known !== status) this.contradictions.push(opId);
      this.ends.set(opId, status);
    }
  }

  async #send(sender: Sender): Promise<void> {
    const body = { do: 'deposit', account: sender.source, amount: 1 };
    const size = perSecond / 4;
    for (let number = 0, dueMs = Date.now(); !this.#isOver; number += size, dueMs += 250) {
      await delay(Math.max(0, dueMs - Date.now()));
      await sender.deliver(
        Array.from({ length: size }, (_, at) => ({ id: `m${number + at}`, body })),
        () => this.#isOver,
      );
    }
  }
}
