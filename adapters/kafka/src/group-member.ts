import { AssignerProtocol } from 'kafkajs';
import type { Clock } from '@medrex/contracts';
import { clusterOf, newClient, type Broker, type Cluster, type JoinedGroup, type KafkaConnection } from './cluster.ts';
import { failureOf, kafkaError } from './errors.ts';
import type { Committer } from './requests.ts';

/** How long a member may be silent before its partitions are reassigned. */
export interface GroupTimes {
  readonly sessionMs: number;
  /** How long the others wait for a member to rejoin. */
  readonly rebalanceMs: number;
}

/** Partitions that a member reads in one generation of its group. */
export interface Assignment {
  readonly partitions: readonly number[];
  readonly by: Committer;
}

export interface GroupMemberOptions {
  readonly connection: KafkaConnection;
  readonly clock: Clock;
  readonly group: string;
  readonly topic: string;
  readonly times: GroupTimes;
  /** Called with the partitions of a new assignment, which replaces the previous one. */
  readonly onAssigned: (assignment: Assignment) => void;
  /** Called when the member has no partitions until the next assignment. */
  readonly onRevoked: () => void;
  readonly onFailure: (error: unknown) => void;
}

/** Name of the round-robin assigner of kafkajs; all members of a group must support it. */
const assignerName = 'RoundRobinAssigner';
const backoffMs = [0, 100, 250, 500, 1000] as const;

/**
 * One member of a consumer group that shares the partitions of a topic. It joins, sends heartbeats, and rejoins when
 * members change. It neither fetches nor commits; commits are made in the name of an assignment, so records read under
 * an earlier one cannot be committed. It sends heartbeats whatever its readers do, so a member that waits for room
 * keeps its partitions.
 */
export class GroupMember {
  readonly #options: GroupMemberOptions;
  readonly #closing = new AbortController();
  readonly #first = Promise.withResolvers<undefined>();
  readonly #done: Promise<void>;
  #memberId = '';
  #hasJoined = false;
  #destroy: () => void = () => undefined;

  constructor(options: GroupMemberOptions) {
    this.#options = options;
    this.#first.promise.catch(() => undefined); // the caller gets the error
    this.#done = this.#run();
  }

  /**
   * Resolves with the first assignment.
   * @throws CodedError KAFKA_REFUSED, KAFKA_SESSION_REFUSED, or an error if it was closed before
   */
  async joined(): Promise<void> {
    await this.#first.promise;
  }

  /** Leaves the group, so that its partitions are reassigned at once. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#done;
    this.#first.reject(kafkaError('KAFKA_UNAVAILABLE', `${this.#options.topic}: left before it joined`));
  }

  async #run(): Promise<void> {
    const { clock, onFailure, onRevoked } = this.#options;
    for (let failures = 0; !this.#isClosing();) {
      const startMs = clock.nowMs();
      try {
        await this.#live();
      } catch (error) {
        onRevoked();
        if (this.#isClosing()) return;
        const coded = this.#coded(error);
        if (coded.retryable) onFailure(coded);
        else if (this.#isPermanent(coded)) return;
        failures = clock.nowMs() - startMs > 5_000 ? 1 : failures + 1;
        await clock.sleep(backoffMs[Math.min(failures, backoffMs.length) - 1] ?? 1000, this.#closing.signal);
      }
    }
    onRevoked();
  }

  /** If the first join is refused, the caller gets the error; a later one is reported and retried. */
  #isPermanent(error: Error): boolean {
    this.#first.reject(error);
    this.#options.onFailure(error);
    return !this.#hasJoined;
  }

  /** Runs one client for as many generations as the group has meanwhile. */
  async #live(): Promise<void> {
    const { connection, topic, group } = this.#options;
    const client = newClient(connection);
    this.#destroy = () => client.destroy();
    try {
      const cluster = clusterOf(client);
      await cluster.connect();
      await cluster.addTargetTopic(topic);
      while (!this.#isClosing()) {
        const coordinator = await cluster.findGroupCoordinator({ groupId: group });
        await this.#generation(cluster, coordinator);
      }
    } finally {
      this.#destroy();
    }
  }

  /** One generation: from joining to the next rebalance, or until closed. */
  async #generation(cluster: Cluster, coordinator: Broker): Promise<void> {
    const { group, onAssigned, onRevoked } = this.#options;
    try {
      const { joined, partitions } = await this.#join(cluster, coordinator);
      this.#memberId = joined.memberId;
      this.#hasJoined = true;
      onAssigned({ partitions, by: { generationId: joined.generationId, memberId: joined.memberId } });
      this.#first.resolve(undefined);
      await this.#keepAlive(coordinator, joined);
      if (this.#isClosing()) await coordinator.leaveGroup({ groupId: group, memberId: joined.memberId });
    } catch (error) {
      const { name } = failureOf(error);
      if (name === 'UNKNOWN_MEMBER_ID' || name === 'ILLEGAL_GENERATION') this.#memberId = '';
      else if (name !== 'REBALANCE_IN_PROGRESS') throw error;
      onRevoked();
    }
  }

  async #join(
    cluster: Cluster,
    coordinator: Broker,
  ): Promise<{ readonly joined: JoinedGroup; readonly partitions: readonly number[] }> {
    const { group, topic, times } = this.#options;
    const metadata = AssignerProtocol.MemberMetadata.encode({ version: 0, topics: [topic], userData: Buffer.alloc(0) });
    const joined = await coordinator.joinGroup({
      groupId: group,
      memberId: this.#memberId,
      groupProtocols: [{ name: assignerName, metadata }],
      sessionTimeout: times.sessionMs,
      rebalanceTimeout: times.rebalanceMs,
    });
    const isLeader = joined.memberId === joined.leaderId;
    if (isLeader) await cluster.refreshMetadata();
    const { memberAssignment } = await coordinator.syncGroup({
      groupId: group,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupAssignment: isLeader ? divide(topic, cluster, joined) : [],
    });
    const decoded = AssignerProtocol.MemberAssignment.decode(memberAssignment);
    return { joined, partitions: decoded?.assignment[topic] ?? [] };
  }

  async #keepAlive(coordinator: Broker, { generationId, memberId }: JoinedGroup): Promise<void> {
    const { clock, group, times } = this.#options;
    for (;;) {
      await clock.sleep(Math.floor(times.sessionMs / 6), this.#closing.signal);
      if (this.#isClosing()) return;
      await coordinator.heartbeat({ groupId: group, groupGenerationId: generationId, memberId });
    }
  }

  #coded(error: unknown) {
    const { topic, group } = this.#options;
    const { name, isRefusal } = failureOf(error);
    const place = `${topic}: group ${group}: ${name}`;
    if (name === 'INVALID_SESSION_TIMEOUT') return kafkaError('KAFKA_SESSION_REFUSED', place, { cause: error });
    return kafkaError(isRefusal ? 'KAFKA_REFUSED' : 'KAFKA_UNAVAILABLE', place, { cause: error });
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }
}

/** Assigns partitions round-robin to the sorted members, so every leader gives the same assignment. */
function divide(
  topic: string,
  cluster: Cluster,
  { members }: JoinedGroup,
): readonly { readonly memberId: string; readonly memberAssignment: Buffer }[] {
  const names = members.map(({ memberId }) => memberId).sort();
  const numbers = cluster
    .findTopicPartitionMetadata(topic)
    .map(({ partitionId }) => partitionId)
    .sort((one, other) => one - other);
  return names.map((memberId, place) => ({
    memberId,
    memberAssignment: AssignerProtocol.MemberAssignment.encode({
      version: 0,
      assignment: { [topic]: numbers.filter((_, at) => at % names.length === place) },
      userData: Buffer.alloc(0),
    }),
  }));
}
