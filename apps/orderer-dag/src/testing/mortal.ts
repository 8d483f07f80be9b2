import type { EventLog } from '@medrex/contracts';
import type { Block, BlockStream, Ledger } from '@medrex/ledger';
import type { Clock } from '../clock.ts';

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/**
 * A process that can die, or be stopped, at any instruction between two acked writes. Its ports count the writes; when it
 * dies, whatever it still asks for never answers, nothing is delivered to it any more, and its timers do not fire. While it
 * is stopped all of that waits, a write that it was about to make too; when it goes on, everything comes at once.
 */
export class Mortal {
  readonly #endsAtStep: number;
  readonly #end: 'die' | 'stop';
  #stopped: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  readonly died: Promise<undefined>;
  #resolveDied: () => void = () => undefined;
  #steps = 0;
  #isDead = false;

  /** @param endsAtStep two steps for each write: before it is made, and when it is made but not yet acked. */
  constructor(endsAtStep = Number.POSITIVE_INFINITY, end: 'die' | 'stop' = 'die') {
    this.#endsAtStep = endsAtStep;
    this.#end = end;
    this.died = new Promise((resolve) => (this.#resolveDied = () => resolve(undefined)));
  }

  /** Steps taken so far. */
  get steps(): number {
    return this.#steps;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  /** SIGSTOP. */
  stop(): void {
    if (this.#stopped !== undefined) return;
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((goesOn) => (resolve = goesOn));
    this.#stopped = { promise, resolve };
  }

  /** SIGCONT. */
  goOn(): void {
    this.#stopped?.resolve();
    this.#stopped = undefined;
  }

  kill(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#resolveDied();
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms, () => void this.#fire(run)),
    };
  }

  log(log: EventLog): EventLog {
    return {
      append: (topic, partition, records) => this.#write(() => log.append(topic, partition, records)),
      truncateBefore: (topic, partition, offset) => this.#write(() => log.truncateBefore(topic, partition, offset)),
      commit: (group, topic, partition, offset) => this.#write(() => log.commit(group, topic, partition, offset)),
      subscribe: (subscribe, onRun) => log.subscribe(subscribe, (run) => this.#deliver(() => onRun(run))),
      committed: (group, topic, partition) => this.#read(() => log.committed(group, topic, partition)),
      bounds: (topic, partition) => this.#read(() => log.bounds(topic, partition)),
      latest: (topic, partition) => this.#read(() => log.latest(topic, partition)),
      troubles: () => log.troubles(),
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
        stream.follow(from, (block: Block) => this.#deliver(async () => onBlock(block)), onError),
      height: () => this.#read(() => stream.height()),
      find: (txId) => this.#read(() => stream.find(txId)),
    };
  }

  /** A timer cannot be cancelled between its time and the moment at which a stopped process goes on: that is a fault more, not less. */
  async #fire(run: () => void): Promise<void> {
    if (this.#stopped !== undefined) await this.#stopped.promise;
    if (!this.#isDead) run();
  }

  async #deliver<T>(deliver: () => Promise<T>): Promise<T> {
    if (this.#stopped !== undefined) await this.#stopped.promise;
    return this.#isDead ? never<T>() : deliver();
  }

  async #write<T>(write: () => Promise<T>): Promise<T> {
    this.#step();
    if (this.#stopped !== undefined) await this.#stopped.promise;
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
    if (!this.#isDead)
      return this.#stopped === undefined ? answer : this.#stopped.promise.then(() => this.#ifAlive(answer));
    void Promise.resolve(answer).catch(() => undefined);
    return never();
  }

  #step(): void {
    if (this.#isDead) return;
    this.#steps += 1;
    if (this.#steps !== this.#endsAtStep) return;
    if (this.#end === 'die') this.kill();
    else this.stop();
  }
}
