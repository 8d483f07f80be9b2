import { isCodedError } from '@medrex/coded-error';
import type { Clock, Subscribe, Subscription } from '@medrex/contracts';
import type { KafkaConnection } from './cluster.ts';
import { kafkaError } from './errors.ts';
import { GroupMember, type Assignment, type GroupTimes } from './group-member.ts';
import type { KafkaObserver } from './observer.ts';
import type { Committer } from './requests.ts';

export interface GroupSubscriptionOptions {
  readonly connection: KafkaConnection;
  readonly clock: Clock;
  readonly observer: KafkaObserver;
  readonly times: GroupTimes;
  readonly group: string;
  readonly topic: string;
  readonly onError: Subscribe['onError'];
  /** Starts reading these partitions at the group's committed offsets. */
  readonly read: (partitions: readonly number[]) => Promise<Subscription>;
}

interface Reading {
  readonly assignment: Assignment;
  readonly subscription: Subscription;
}

const retryMs = 500;

/**
 * A subscription that shares its topic with other members of its group. When the partitions are reassigned, the
 * previous readers finish the current run but cannot commit it. The new readers start at the group's committed offsets.
 */
export class GroupSubscription implements Subscription {
  readonly #options: GroupSubscriptionOptions;
  readonly #member: GroupMember;
  readonly #closing = new AbortController();
  readonly #first = Promise.withResolvers<undefined>();
  #assignment: Assignment | undefined;
  #reading: Reading | undefined;
  /** Closes the previous readers and starts the new ones, one change after the other. */
  #changes: Promise<void> = Promise.resolve();
  #isPaused = false;
  #unassignedSinceMs: number | undefined = performance.now();

  constructor(options: GroupSubscriptionOptions) {
    this.#options = options;
    const { connection, clock, group, topic, times, onError } = options;
    this.#member = new GroupMember({
      connection,
      clock,
      group,
      topic,
      times,
      onAssigned: (assignment) => this.#assigned(assignment),
      onRevoked: () => this.#change(undefined),
      onFailure: (error) => onError?.(error, undefined),
    });
    this.#first.promise.catch(() => undefined); // `start` reports it
  }

  /**
   * Resolves when the partitions of this member are read.
   * @throws errors of joining or of the first read
   */
  async start(): Promise<void> {
    try {
      await this.#member.joined();
      await this.#first.promise;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * The member in whose name a partition may be committed.
   * @throws CodedError KAFKA_COMMIT_STALE if the partition belongs to another member now
   */
  committer(partition: number): Committer {
    const current = this.#assignment;
    if (current !== undefined && this.#reading?.assignment === current && current.partitions.includes(partition))
      return current.by;
    const { topic, group } = this.#options;
    throw kafkaError('KAFKA_COMMIT_STALE', `${topic}/${partition}: group ${group} has reassigned its partitions`);
  }

  /** How long this member has had no assignment; 0 while it has one, even without partitions. */
  get unassignedMs(): number {
    return this.#unassignedSinceMs === undefined ? 0 : performance.now() - this.#unassignedSinceMs;
  }

  pause(): void {
    this.#isPaused = true;
    this.#reading?.subscription.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#reading?.subscription.resume();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    // The current run is finished and committed while the partitions are still ours.
    await this.#reading?.subscription.close();
    await this.#member.close();
    await this.#changes;
  }

  #assigned(assignment: Assignment): void {
    const { observer, group, topic } = this.#options;
    const { partitions, by } = assignment;
    observer.assigned?.({ group, topic, partitions: partitions.length, generation: by.generationId });
    this.#change(assignment);
  }

  #change(assignment: Assignment | undefined): void {
    this.#assignment = assignment;
    this.#unassignedSinceMs = assignment === undefined ? (this.#unassignedSinceMs ?? performance.now()) : undefined;
    this.#changes = this.#changes.then(() => this.#follow(assignment));
  }

  async #follow(assignment: Assignment | undefined): Promise<void> {
    await this.#reading?.subscription.close();
    if (assignment === undefined) return;
    while (this.#assignment === assignment && !this.#closing.signal.aborted) {
      try {
        const subscription = await this.#options.read(assignment.partitions);
        if (this.#isPaused) subscription.pause();
        this.#reading = { assignment, subscription };
        this.#first.resolve(undefined);
        return;
      } catch (error) {
        if (!this.#shouldRetry(error)) return;
        await this.#options.clock.sleep(retryMs, this.#closing.signal);
      }
    }
  }

  /** As for a reader of named partitions: after deleted records it gets nothing more; every other error is retried. */
  #shouldRetry(error: unknown): boolean {
    const { onError } = this.#options;
    const isLost = isCodedError(error, 'OFFSET_OUT_OF_RANGE');
    if (isLost) this.#first.reject(error);
    if (isLost && onError === undefined && this.#reading !== undefined) throw error;
    onError?.(error, undefined);
    return !isLost;
  }
}
