/** The four parameters of a channel's orderer (Fabric's `BatchTimeout` and `BatchSize`). */
export interface BlockCutterLimits {
  /** How long the first message of a batch waits for others. */
  readonly batchTimeoutMs: number;
  readonly maxMessageCount: number;
  /** A larger message is refused. */
  readonly absoluteMaxBytes: number;
  /** A batch is cut before it exceeds this size; a larger message gets a block of its own. */
  readonly preferredMaxBytes: number;
}

/**
 * Defaults for traffic in which dependent transactions wait for a block: 20 ms where Fabric's sample has 2 s; sizes as
 * in Fabric's sample.
 */
export const defaultBlockCutterLimits: BlockCutterLimits = {
  batchTimeoutMs: 20,
  maxMessageCount: 500,
  absoluteMaxBytes: 10 * 1024 * 1024,
  preferredMaxBytes: 2 * 1024 * 1024,
};

/** Messages waiting for their block. */
export interface PendingBatch<T> {
  readonly messages: readonly T[];
  readonly bytes: number;
}

export interface CutDecision<T> {
  /** Blocks to make now, in order: none, one or two. */
  readonly batches: readonly (readonly T[])[];
  readonly pending: PendingBatch<T>;
  /**
   * `start` keeps a running timer, so a batch begun by an overflow waits only for the rest of the earlier one's time.
   */
  readonly timer: 'start' | 'stop';
}

export const emptyBatch: PendingBatch<never> = { messages: [], bytes: 0 };

/**
 * Adds one message in the order of arrival (Fabric: orderer/common/blockcutter `Ordered`, and the timer of etcdraft's
 * `run`). Pure; the pending batch is copied, at most `maxMessageCount` references.
 */
export function cutBlock<T extends { readonly bytes: number }>(
  limits: BlockCutterLimits,
  pending: PendingBatch<T>,
  message: T,
): CutDecision<T> {
  const waiting = pending.messages.length > 0 ? [pending.messages] : [];
  if (message.bytes > limits.preferredMaxBytes) {
    return { batches: [...waiting, [message]], pending: emptyBatch, timer: 'stop' };
  }
  const overflows = pending.bytes + message.bytes > limits.preferredMaxBytes;
  const cut = overflows ? waiting : [];
  const messages = overflows ? [message] : [...pending.messages, message];
  if (messages.length >= limits.maxMessageCount) {
    return { batches: [...cut, messages], pending: emptyBatch, timer: 'stop' };
  }
  const bytes = overflows ? message.bytes : pending.bytes + message.bytes;
  return { batches: cut, pending: { messages, bytes }, timer: 'start' };
}
