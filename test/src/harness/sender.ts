import { setTimeout as delay } from 'node:timers/promises';
import type { IngestClient, LineAnswer } from './ingest-client.ts';

/** One message of a sender. */
export interface Message {
  readonly id: string;
  readonly body: object;
  readonly class?: string;
  /** Contract of the message, needed when ingest has several. */
  readonly contract?: string;
  /** Epoch ms. */
  readonly deadline?: number;
  readonly request?: { readonly method: string; readonly url: string; readonly ifNoneExist?: string };
}

/** A message with its receipt. */
export interface Accepted {
  readonly source: string;
  readonly message: Message;
  readonly opId: string;
  readonly digest: string;
  /** The seq in its first receipt. */
  readonly seq: number;
}

const againAfterMs = 50;

/**
 * A hospital system that sends in order and at least once: messages without a receipt are sent again under the same ids before any later
 * one. That is the order which section 3 of the protocol guarantees.
 */
export class Sender {
  readonly source: string;
  readonly #client: IngestClient;
  readonly #accepted: Accepted[] = [];
  #tries = 0;
  #shed = 0;

  constructor(client: IngestClient, source: string) {
    this.#client = client;
    this.source = source;
  }

  /** All messages with a receipt, in the order of sending. */
  get accepted(): readonly Accepted[] {
    return this.#accepted;
  }

  /** Number of batches sent, including retries. */
  get tries(): number {
    return this.#tries;
  }

  /** Number of shed lines. */
  get shed(): number {
    return this.#shed;
  }

  /** Sends until every message has a receipt, or `isOver` returns true. @throws when one is permanently refused */
  async deliver(messages: readonly Message[], isOver: () => boolean = () => false): Promise<void> {
    while (!isOver()) {
      const answers = await this.#try(messages);
      if (answers !== undefined && this.#note(messages, answers)) return;
      await delay(againAfterMs);
    }
  }

  async #try(messages: readonly Message[]): Promise<readonly LineAnswer[] | undefined> {
    this.#tries += 1;
    try {
      return await this.#client.sendLines(messages.map((message) => lineOf(this.source, message)));
    } catch {
      return undefined; // ingest is down, or died during the answer
    }
  }

  /** Notes the receipts and returns true when all are accepted; otherwise notes nothing, and the whole batch is sent again. */
  #note(messages: readonly Message[], answers: readonly LineAnswer[]): boolean {
    const refused = answers.find(({ status }) => status >= 400 && status !== 429 && status !== 503);
    if (refused !== undefined) throw new Error(`${this.source} was refused: ${JSON.stringify(refused)}`);
    this.#shed += answers.filter(({ status }) => status === 429).length;
    if (answers.some(({ status }) => status >= 400)) return false;
    messages.forEach((message, index) => {
      const { transactionId: opId, digest, seq } = answers[index] as LineAnswer;
      if (opId === undefined || digest === undefined || seq === undefined) throw new Error('a receipt without a name');
      this.#accepted.push({ source: this.source, message, opId, digest, seq });
    });
    return true;
  }
}

/** A message as one line of NDJSON. */
export function lineOf(source: string, { id, body, ...rest }: Message): string {
  return JSON.stringify({ source, id, ...rest, body });
}
