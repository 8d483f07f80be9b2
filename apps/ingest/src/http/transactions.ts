import { operationId, type OperationOutcome, type OperationStatus, type StatusStore } from '@medrex/contracts';
import type { IncomingHttpHeaders } from 'node:http';
import type { CallAnswers } from '../calls/call-answers.ts';
import type { MessageIdentifier } from '../identify.ts';
import type { Ingest } from '../ingest.ts';
import type { KnownOperations } from '../known-operations.ts';
import { takenOperations, type MessageResult } from '../message-result.ts';
import { readHttpMessage } from '../message/http-message.ts';
import type { ReadMessage } from '../message/incoming-message.ts';
import { problem, type Problem } from '../problem.ts';
import type { WaitingRoom } from '../waiting-room.ts';
import { resultsInTime } from './deadline.ts';
import { statusView } from './views.ts';

export interface TransactionsOptions {
  readonly ingest: Ingest;
  readonly identifier: MessageIdentifier;
  readonly identityKey: Uint8Array;
  readonly statuses: Pick<StatusStore, 'get'>;
  readonly known: KnownOperations;
  readonly waitingRoom: WaitingRoom;
  readonly answers: CallAnswers;
  readonly unparsedFromBytes: number;
  readonly appendWaitMs: number;
  /** Limit of the time that a request waits for its outcome, in ms. */
  readonly outcomeWaitMs: number;
}

/** Accepts single messages over HTTP, and looks up their statuses. */
export class Transactions {
  readonly #options: TransactionsOptions;

  constructor(options: TransactionsOptions) {
    this.#options = options;
  }

  /** Submits one message. Resolves when it is durable or refused. */
  async take(
    headers: IncomingHttpHeaders,
    body: Buffer,
    signal: AbortSignal,
  ): Promise<MessageResult | { readonly problem: Problem }> {
    const reading = readHttpMessage(headers, body, this.#options.unparsedFromBytes);
    return reading.kind === 'problem' ? reading : this.submit(reading.message, signal);
  }

  /** Submits a message that is already parsed. */
  async submit(message: ReadMessage, signal: AbortSignal): Promise<MessageResult | { readonly problem: Problem }> {
    const { ingest, identifier, appendWaitMs } = this.#options;
    const submitted = await ingest.submit([identifier.http(message)], { waits: false, signal });
    const results = await resultsInTime(submitted.results, appendWaitMs);
    return 'problem' in results ? results : (results[0] as MessageResult);
  }

  /** The statuses of the operations of a message, once all are terminal or the time is over. */
  async outcome(result: MessageResult, waitMs: number, signal: AbortSignal): Promise<readonly OperationStatus[]> {
    const { waitingRoom, outcomeWaitMs } = this.#options;
    const opIds = takenOperations(result).map(({ opId }) => opId);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.min(waitMs, outcomeWaitMs))]);
    await waitingRoom.wait(opIds, result.digest, limit);
    const statuses = await Promise.all(opIds.map((opId) => this.status(opId)));
    return statuses.filter((status) => status !== undefined);
  }

  /** A status in the form of the API; for a call with its mode and unsealed answer. */
  view(found: OperationStatus): Record<string, unknown> {
    const { status, mode } = this.#options.answers.readStatus(found);
    return { ...statusView(status), ...mode };
  }

  /** The status of an operation; undefined when it is unknown. */
  async status(opId: string): Promise<OperationStatus | undefined> {
    if (!/^[0-9a-f]{32}$/.test(opId)) return undefined; // not a transaction id
    const [stored] = await this.#options.statuses.get([opId]);
    return stored ?? this.#pending(opId);
  }

  /** The outcomes of operations, in the given order; undefined where unknown or pruned. */
  async outcomesOf(opIds: readonly string[]): Promise<readonly (OperationOutcome | undefined)[]> {
    const statuses = await this.#options.statuses.get(opIds);
    return statuses.map((status) => status?.outcome);
  }

  /** The statuses of all operations of a message and of their resends, in item order; empty when it is unknown. */
  async statusesOf(source: string, id: string): Promise<readonly OperationStatus[]> {
    const found: Attempt[] = [];
    for (let from = 0; ; from += itemsPerQuery) {
      const names = Array.from({ length: itemsPerQuery }, (_, index) => ({ item: from + index, attempt: 0 }));
      const known = await this.#attempts(source, id, names);
      found.push(...known);
      if (known.length === 0) break;
    }
    const all = [...found];
    for (let dead = found.filter(isDead); dead.length > 0;) {
      const resends = await this.#attempts(
        source,
        id,
        dead.map(({ item, attempt }) => ({ item, attempt: attempt + 1 })),
      );
      all.push(...resends);
      dead = resends.filter(isDead);
    }
    all.sort((one, other) => one.item - other.item || one.attempt - other.attempt);
    return all.map(({ status }) => status);
  }

  async #attempts(source: string, id: string, names: readonly AttemptName[]): Promise<readonly Attempt[]> {
    const { identityKey, statuses } = this.#options;
    const opIds = names.map((name) => operationId(identityKey, { source, id, ...name }));
    const stored = await statuses.get(opIds);
    return names.flatMap((name, index) => {
      const status = stored[index] ?? this.#pending(opIds[index] ?? '');
      return status === undefined ? [] : [{ ...name, status }];
    });
  }

  /** The status of a live operation that is not in the status store yet. */
  #pending(opId: string): OperationStatus | undefined {
    const known = this.#options.known.recent(opId);
    if (known === undefined) return undefined;
    return { opId, sourceHash: known.digest, state: 'pending', seq: known.seq, acceptedAtMs: known.acceptedAtMs };
  }
}

/** Items per query. A message with this many refused items in a row is taken to end there. */
const itemsPerQuery = 256;

interface AttemptName {
  readonly item: number;
  readonly attempt: number;
}

interface Attempt extends AttemptName {
  readonly status: OperationStatus;
}

const isDead = ({ status }: Attempt): boolean => status.state === 'dead';

export const transactionUnknown = problem('TRANSACTION_UNKNOWN');
