import type { RefusedMessageEntry, DeadLetters } from './dead-letters.ts';
import type { MessageIdentifier } from './identify.ts';
import type { Ingest } from './ingest.ts';
import { takenOperations, type MessageResult } from './message-result.ts';
import { readIntakeRecord } from './message/intake-record.ts';
import { problem, type Problem } from './problem.ts';
import { intakeReceipt, type ReceiptPublisher } from './receipts.ts';
import type { RefusedMessages } from './refused-messages.ts';

export interface MessageResenderOptions {
  readonly letters: Pick<DeadLetters, 'openMessage'>;
  readonly refused: Pick<RefusedMessages, 'open'>;
  readonly identifier: MessageIdentifier;
  readonly ingest: Pick<Ingest, 'submit'>;
  readonly receipts: ReceiptPublisher;
  readonly nowMs: () => number;
}

/** Result of resending a refused message; `results` resolves when it is durable or refused again. */
export type MessageResent =
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'taken'; readonly results: Promise<readonly MessageResult[]> };

/**
 * Resends a refused message unchanged and under its first name, after the cause on our side was corrected. Items accepted before are
 * recognised as repeats, so that resending it twice changes nothing. Its sender gets the receipt as usual.
 */
export class MessageResender {
  readonly #options: MessageResenderOptions;

  constructor(options: MessageResenderOptions) {
    this.#options = options;
  }

  async resend(kept: RefusedMessageEntry, signal: AbortSignal): Promise<MessageResent> {
    const { letters, refused, identifier, ingest } = this.#options;
    const letter = await letters.openMessage(kept);
    const opened = letter && refused.open(letter);
    if (letter === undefined) return { kind: 'problem', problem: problem('DEAD_LETTER_UNKNOWN') };
    if (opened === undefined) return { kind: 'problem', problem: problem('LETTER_TOO_LARGE') };
    const reading = readIntakeRecord(opened.record, identifier);
    if (reading.kind === 'problem') return reading;
    const { results } = await ingest.submit([reading.message], { waits: false, signal });
    return { kind: 'taken', results: this.#answered(results) };
  }

  /** Waits until the receipt for the sender is durable before the resend is answered. */
  async #answered(results: Promise<readonly MessageResult[]>): Promise<readonly MessageResult[]> {
    const { receipts, nowMs } = this.#options;
    const taken = (await results).filter((result) => takenOperations(result).length > 0);
    await receipts.publish(taken.map((result) => intakeReceipt(result, nowMs())));
    return results;
  }
}
