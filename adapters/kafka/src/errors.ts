import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** Errors of a Kafka cluster, in addition to those of every log (`contractErrors`). */
export const kafkaErrors = {
  KAFKA_UNAVAILABLE: {
    code: 'KAFKA_UNAVAILABLE',
    retryable: true,
    meaning: 'No broker answered in time, or the leader of a partition did not.',
    remedy: 'Look at the brokers and at MEDREX_KAFKA_BROKERS; the request is retried, and nothing is lost meanwhile.',
  },
  KAFKA_REFUSED: {
    code: 'KAFKA_REFUSED',
    retryable: false,
    meaning: 'A broker refused a request: no right to the topic or group, or an unsupported request.',
    remedy: 'The message has the error name of Kafka; look at the ACLs and at the topic settings.',
  },
  KAFKA_APPEND_INTERLEAVED: {
    code: 'KAFKA_APPEND_INTERLEAVED',
    retryable: true,
    meaning: 'An append larger than one batch was stored in parts, with records of another writer in between.',
    remedy: 'Append again: readers recognise repeats. If it happens often, append less at a time.',
  },
  KAFKA_COMMIT_STALE: {
    code: 'KAFKA_COMMIT_STALE',
    retryable: true,
    meaning:
      'A run was finished after its partition had been assigned to another reader of the group; nothing was committed.',
    remedy: 'Nothing: the other reader handles the run again, and repeats are recognised.',
  },
  KAFKA_SESSION_REFUSED: {
    code: 'KAFKA_SESSION_REFUSED',
    retryable: false,
    meaning: 'The session timeout of the consumer group is outside the range that the brokers allow.',
    remedy:
      'Set MEDREX_KAFKA_SESSION_MS between group.min.session.timeout.ms (6000 unless changed) and group.max.session.timeout.ms of the brokers.',
  },
  KAFKA_CONFIG: {
    code: 'KAFKA_CONFIG',
    retryable: false,
    meaning: 'The settings of the connection to Kafka contradict each other, or a file that they name cannot be read.',
    remedy: 'The message names the variable; docs/how-to/kafka.md shows complete examples.',
  },
  KAFKA_TOKEN: {
    code: 'KAFKA_TOKEN',
    retryable: true,
    meaning:
      'There is no token for OAUTHBEARER: its file cannot be read, the token endpoint gave none, or a broker refused it.',
    remedy:
      'The message says which; the next connection tries again. Look at the identity provider and at MEDREX_KAFKA_TOKEN_*.',
  },
  KAFKA_WEAK_TOPICS: {
    code: 'KAFKA_WEAK_TOPICS',
    retryable: false,
    meaning:
      'A topic is missing or could lose acknowledged records: fewer than 3 replicas, min.insync.replicas below 2 or unclean election.',
    remedy:
      'Run medrex topics diff and medrex topics apply; with a single broker, set MEDREX_KAFKA_DURABILITY=one-broker, which promises less.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** An error of the Kafka adapter by its code. @param message what happened to what; never a key or a value. */
export function kafkaError(
  code: keyof typeof kafkaErrors,
  message: string,
  options?: { readonly cause?: unknown },
): CodedError {
  return new CodedError(kafkaErrors[code], message, options);
}

/** Kafka's errors that a retry cannot fix. */
const refusals = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_RECORD',
  'POLICY_VIOLATION',
  'RECORD_LIST_TOO_LARGE',
  'MESSAGE_TOO_LARGE',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'SASL_AUTHENTICATION_FAILED',
  'INVALID_REQUIRED_ACKS',
]);

/** The facts of a kafkajs error; its messages may name topics and brokers, never keys or values. */
export interface KafkaFailure {
  /** Kafka's name of the error, e.g. `NOT_LEADER_FOR_PARTITION`, or that of kafkajs in the same form. */
  readonly name: string;
  readonly isRefusal: boolean;
}

/** Converts an error of kafkajs, also one wrapped by its retry error. Any other error is a bug of ours. */
export function failureOf(error: unknown): KafkaFailure {
  if (error instanceof CodedError) return { name: error.code, isRefusal: !error.retryable };
  const { type, name, cause } = error as { readonly type?: string; readonly name?: string; readonly cause?: unknown };
  if (type !== undefined) return { name: type, isRefusal: refusals.has(type) };
  if (name === 'KafkaJSSASLAuthenticationError') return { name: 'SASL_AUTHENTICATION_FAILED', isRefusal: true };
  if (cause instanceof Error) return failureOf(cause);
  return { name: asCode(name ?? 'Error'), isRefusal: name === 'TypeError' || name === 'RangeError' };
}

/** `KafkaJSConnectionClosedError` as `CONNECTION_CLOSED_ERROR`: codes are the only texts that may be logged. */
const asCode = (name: string): string =>
  name
    .replace(/^KafkaJS/, '')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toUpperCase();
