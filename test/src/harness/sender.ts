import { setTimeout as delay } from 'node:timers/promises';
import type { IngestClient, LineAnswer } from './ingest-client.ts';

/** One message of a sender: what stands in its line beside source and id. */
export interface Message {
  readonly id: string;
  readonly body: object;
  readonly class?: string;
  /** Whom it is for, where the door has several contracts. */
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
  /** The place that the first receipt named. */
  readonly seq: number;
}

const againAfterMs = 50;

/**
 * A hospital system that sends in order and at least once: what got no receipt is sent again under the same ids, and nothing later is
 * sent before. That is the order which protocol section 3 promises to keep.
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

  /** Everything that has a receipt, in the order in which it was sent. */
  get accepted(): readonly Accepted[] {
    return this.#accepted;
  }

  /** How often a batch was sent: more often than there were batches, when something failed. */
  get tries(): number {
    return this.#tries;
  }

  /** Lines that found no room at the door. */
  get shed(): number {
    return this.#shed;
  }

  /** Sends until every message has a receipt or, that no receipt will come, `isOver` says so. @throws when one is refused for good. */
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
      return undefined; // nobody there, or ended in the middle of the answer
    }
  }

  /** True when all are accepted; otherwise nothing is noted, and all of it is sent again. */
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
