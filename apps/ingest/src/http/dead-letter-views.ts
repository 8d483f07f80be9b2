import type { KeptLetter } from '../dead-letters.ts';
import type { ResendName } from '../message-name.ts';
import { takenOperations, type MessageResult } from '../message-result.ts';
import { operationReceipt } from './views.ts';

/** A dead letter as the API tells it. @param message the outcome's own words, where they are still known. */
export function deadLetterView(letter: KeptLetter, message: string | undefined): Record<string, unknown> {
  const { opId, reason, class: operationClass, bytes, keys, settledAtMs } = letter;
  return {
    ...{ transactionId: opId, code: reason, class: operationClass, bytes, keys },
    ...(message !== undefined && { message }),
    settledAt: new Date(settledAtMs).toISOString(),
    resendUrl: `/v1/dead-letters/${opId}/resend`,
  };
}

/** The receipt of a resend: of the new operation, and it names the earlier one. */
export function resendView(result: MessageResult, { of, attempt }: ResendName): Record<string, unknown> {
  const [operation] = takenOperations(result);
  const { source, id } = result;
  return { ...(operation !== undefined && operationReceipt(operation)), source, id, resendOf: of, attempt };
}
