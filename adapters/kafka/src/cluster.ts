import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Kafka, logLevel, type ISocketFactory, type LogEntry, type Mechanism, type SASLOptions } from 'kafkajs';
import { kafkaError } from './errors.ts';
import type { HttpPool } from './http-pool.ts';
import type { TlsFiles } from './tls-files.ts';

/** Connection settings of a cluster. */
export interface KafkaConnection {
  readonly brokers: readonly string[];
  /** Name of this process in the logs and quotas of brokers. */
  readonly clientId: string;
  readonly tls?: TlsFiles;
  readonly sasl?: SASLOptions | Mechanism | undefined;
  /** Connection pool of the token endpoint. */
  readonly http?: HttpPool | undefined;
  /** Receives log lines of kafkajs, without keys or values. */
  readonly onLine?: (line: KafkaLine) => void;
}

/** The part of a kafkajs log line that is kept: no text and no fields, which may contain anything. */
export interface KafkaLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** The component of kafkajs: `Connection`, `Producer`. */
  readonly namespace: string;
}

/** A client with its own sockets; `destroy` closes all of them at once. */
export interface Client {
  readonly kafka: Kafka;
  destroy(): void;
}

/** kafkajs itself retries little; our own code retries without limit, with a new client each time. */
const fewTries = { retries: 2, initialRetryTime: 100, maxRetryTime: 1000 } as const;

const levels = { 0: 'debug', 1: 'error', 2: 'warn', 4: 'info', 5: 'debug' } as const;

/** A new client; nothing is connected yet. */
export function newClient({ brokers, clientId, tls, sasl, onLine }: KafkaConnection): Client {
  const sockets = new Set<Socket>();
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId,
    retry: fewTries,
    socketFactory: trackedSockets(sockets, tls),
    connectionTimeout: 3_000,
    authenticationTimeout: 5_000,
    requestTimeout: 15_000,
    enforceRequestTimeout: true,
    ...(tls !== undefined && { ssl: true }),
    ...(sasl !== undefined && { sasl }),
    logLevel: onLine === undefined ? logLevel.NOTHING : logLevel.INFO,
    logCreator: () => (entry: LogEntry) => onLine?.({ level: levels[entry.level], namespace: entry.namespace }),
  });
  return {
    kafka,
    destroy: () => {
      // With an error, because only then does kafkajs reject pending requests.
      for (const socket of sockets) socket.destroy(new Error('closed'));
    },
  };
}

function trackedSockets(sockets: Set<Socket>, tls: TlsFiles | undefined): ISocketFactory {
  return ({ host, port, onConnect }) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket =
      tls === undefined
        ? connectTcp({ host, port }, onConnect)
        : connectTls({ host, port, ...name, secureContext: tls.context() }, onConnect);
    socket.setKeepAlive(true, 30_000);
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
}

/** A record as kafkajs decodes it. */
export interface FetchedMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | (Buffer | null)[] | null>>;
  readonly isControlRecord?: boolean;
}

export interface FetchedPartition {
  readonly partition: number;
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly abortedTransactions: readonly unknown[];
  readonly messages: readonly FetchedMessage[];
}

interface TopicPartitions<P> {
  readonly topic: string;
  readonly partitions: readonly P[];
}

/** The part of kafkajs's own broker class that is used here: one request of the Kafka protocol each. */
export interface Broker {
  readonly nodeId: number;
  fetch(request: {
    readonly replicaId: -1;
    readonly isolationLevel: 0 | 1;
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly topics: readonly TopicPartitions<{
      readonly partition: number;
      readonly fetchOffset: string;
      readonly maxBytes: number;
    }>[];
  }): Promise<{ readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[] }>;
  offsetCommit(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
    readonly topics: readonly TopicPartitions<{ readonly partition: number; readonly offset: string }>[];
  }): Promise<unknown>;
  offsetFetch(request: {
    readonly groupId: string;
    readonly topics: readonly TopicPartitions<{ readonly partition: number }>[];
  }): Promise<{
    readonly responses: readonly TopicPartitions<{ readonly partition: number; readonly offset: string }>[];
  }>;
  deleteRecords(request: {
    readonly topics: readonly TopicPartitions<{ readonly partition: number; readonly offset: string }>[];
  }): Promise<unknown>;
  joinGroup(request: {
    readonly groupId: string;
    readonly sessionTimeout: number;
    readonly rebalanceTimeout: number;
    readonly memberId: string;
    readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  }): Promise<JoinedGroup>;
  syncGroup(request: {
    readonly groupId: string;
    readonly generationId: number;
    readonly memberId: string;
    readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
  }): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
  }): Promise<unknown>;
  leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

export interface JoinedGroup {
  readonly generationId: number;
  readonly leaderId: string;
  readonly memberId: string;
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
}

/** The part of kafkajs's own cluster class that is used here. */
export interface Cluster {
  connect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  findBroker(place: { readonly nodeId: string }): Promise<Broker>;
  findGroupCoordinator(group: { readonly groupId: string }): Promise<Broker>;
  fetchTopicsOffset(
    topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number }[];
      readonly fromBeginning: boolean;
    }[],
  ): Promise<readonly TopicPartitions<{ readonly partition: number; readonly offset: string }>[]>;
}

type ClusterFactory = (options: {
  readonly metadataMaxAge: number;
  readonly allowAutoTopicCreation: false;
  readonly isolationLevel: 0;
}) => Cluster;

/**
 * The cluster object on which kafkajs builds its clients. It is not public; the public API can read only as the member
 * of a group (ADR 14 says why that is not enough). The exact version is pinned, and a unit test checks for the parts
 * that are used.
 */
export function clusterOf({ kafka }: Client): Cluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  const create = symbol && (kafka as unknown as Readonly<Record<symbol, ClusterFactory>>)[symbol];
  if (create === undefined) throw kafkaError('KAFKA_CONFIG', 'this version of kafkajs is not the one that is needed');
  return create({ metadataMaxAge: 60_000, allowAutoTopicCreation: false, isolationLevel: 0 });
}
