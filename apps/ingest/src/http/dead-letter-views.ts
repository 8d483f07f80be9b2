import type { RefusalIssue } from '@medrex/contracts';
import type { DeadLetterEntry, RefusedMessageEntry, DeadOperation } from '../dead-letters.ts';
import type { ResendName } from '../message-name.ts';
import { takenOperations, type MessageResult } from '../message-result.ts';
import { messageReceipt, operationReceipt } from './views.ts';

/** A dead letter in the form of the API. @param message the message of its outcome, when the status store still has it */
export function deadLetterView(letter: DeadLetterEntry, message: string | undefined): Record<string, unknown> {
  const { id, kind, reason: code, bytes, settledAtMs } = letter;
  return {
    id,
    kind,
    code,
    bytes,
    ...(letter.kind === 'operation' ? operationView(letter, message) : messageView(letter)),
    settledAt: new Date(settledAtMs).toISOString(),
    resendUrl: `/v1/dead-letters/${id}/resend`,
  };
}

function operationView({ id, class: operationClass, keys }: DeadOperation, message: string | undefined) {
  return { transactionId: id, class: operationClass, keys, ...(message !== undefined && { message }) };
}

const messageView = ({ intake, reasonText }: RefusedMessageEntry) => ({ intake, message: reasonText });

/** A refused message with the issues that its sender got. */
export function refusedView(letter: RefusedMessageEntry, issues: readonly RefusalIssue[]): Record<string, unknown> {
  return { ...deadLetterView(letter, undefined), ...(issues.length > 0 && { issues }) };
}

/** The receipt of a resend: of the new operation, with the id of the resent one; or of the message. */
export function resendView(result: MessageResult, resend: ResendName | undefined): Record<string, unknown> {
  if (resend === undefined) return messageReceipt(result);
  const [operation] = takenOperations(result);
  const { source, id } = result;
  const { of, attempt } = resend;
  return { ...(operation !== undefined && operationReceipt(operation)), source, id, resendOf: of, attempt };
}
