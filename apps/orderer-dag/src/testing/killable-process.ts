import type { EventLog } from '@medrex/contracts';
import type { Block, BlockStream, Ledger } from '@medrex/ledger';
import type { Clock } from '../clock.ts';

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/**
 * Simulates a process that can die, or be suspended (SIGSTOP), between any two acked writes. Its ports count writes. After death its
 * requests never settle, nothing is delivered, and timers do not fire. While it is suspended all of that is held back, including a
 * write in progress, and happens at once when it resumes.
 */
export class KillableProcess {
  readonly #endsAtStep: number;
  readonly #end: 'die' | 'stop';
  #stopped: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  readonly died: Promise<undefined>;
  #resolveDied: () => void = () => undefined;
  #steps = 0;
  #isDead = false;

  /** @param endsAtStep each write is two steps: before it is made, and when it is made but not yet acked */
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
    const promise = new Promise<void>((onResume) => (resolve = onResume));
    this.#stopped = { promise, resolve };
  }

  /** SIGCONT. */
  resume(): void {
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
      problems: () => log.problems(),
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

  /** Fires a timer. While the process is suspended, a due timer can no longer be cancelled, which makes the test stricter. */
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

  /** Never settles when the process has died before the answer. */
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
