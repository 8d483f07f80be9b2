import type { EventLog } from '@medrex/contracts';
import type { Block, BlockStream, Ledger } from '@medrex/ledger';
import type { Clock } from '../clock.ts';

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/**
 * A process that can die at any instruction between two acked writes. Its ports count the writes; when it dies, whatever
 * it still asks for never answers, nothing is delivered to it any more, and its timers do not fire.
 */
export class Mortal {
  readonly #diesAtStep: number;
  readonly died: Promise<undefined>;
  #resolveDied: () => void = () => undefined;
  #steps = 0;
  #isDead = false;

  /** @param diesAtStep two steps for each write: before it is made, and when it is made but not yet acked. */
  constructor(diesAtStep = Number.POSITIVE_INFINITY) {
    this.#diesAtStep = diesAtStep;
    this.died = new Promise((resolve) => (this.#resolveDied = () => resolve(undefined)));
  }

  /** Steps taken so far. */
  get steps(): number {
    return this.#steps;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  kill(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#resolveDied();
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      after: (ms, run) =>
        clock.after(ms, () => {
          if (!this.#isDead) run();
        }),
    };
  }

  log(log: EventLog): EventLog {
    return {
      append: (topic, partition, records) => this.#write(() => log.append(topic, partition, records)),
      truncateBefore: (topic, partition, offset) => this.#write(() => log.truncateBefore(topic, partition, offset)),
      commit: (group, topic, partition, offset) => this.#write(() => log.commit(group, topic, partition, offset)),
      subscribe: (subscribe, onRun) => log.subscribe(subscribe, (run) => (this.#isDead ? never() : onRun(run))),
      committed: (group, topic, partition) => this.#read(() => log.committed(group, topic, partition)),
      bounds: (topic, partition) => this.#read(() => log.bounds(topic, partition)),
      latest: (topic, partition) => this.#read(() => log.latest(topic, partition)),
      close: () => log.close(),
    };
  }

  ledger(ledger: Ledger): Ledger {
    return {
      channel: ledger.channel,
      label: ledger.label,
      transactionId: (nonce) => ledger.transactionId(nonce),
      endorse: (proposal) => this.#read(() => ledger.endorse(proposal)),
      evaluate: (proposal) => this.#read(() => ledger.evaluate(proposal)),
      submit: (endorsement) => this.#write(() => ledger.submit(endorsement)),
      close: () => Promise.resolve(),
    };
  }

  blocks(stream: BlockStream): BlockStream {
    return {
      follow: (from, onBlock, onError) =>
        stream.follow(from, async (block: Block) => (this.#isDead ? never() : onBlock(block)), onError),
      height: () => this.#read(() => stream.height()),
      find: (txId) => this.#read(() => stream.find(txId)),
    };
  }

  async #write<T>(write: () => Promise<T>): Promise<T> {
    this.#step();
    const written = await (this.#isDead ? never<T>() : write());
    this.#step();
    return this.#ifAlive(written);
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await this.#ifAlive(await (this.#isDead ? never<T>() : read()));
    } catch (error) {
      return await this.#ifAlive<T>(Promise.reject(error instanceof Error ? error : new Error(String(error))));
    }
  }

  /** Nobody hears an answer that comes after the death. */
  #ifAlive<T>(answer: T | Promise<T>): T | Promise<T> {
    if (!this.#isDead) return answer;
    void Promise.resolve(answer).catch(() => undefined);
    return never();
  }

  #step(): void {
    if (this.#isDead) return;
    this.#steps += 1;
    if (this.#steps === this.#diesAtStep) this.kill();
  }
}
