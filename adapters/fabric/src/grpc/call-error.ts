import { status, type ServiceError } from '@grpc/grpc-js';
import { CodedError, type ErrorDescription } from '@medrex/coded-error';
import { ledgerErrors } from '@medrex/ledger';
import { fabricErrors } from '../errors.ts';

/** The meaning of messages of peers and orderers; the first matching row counts. */
const knownMessages: readonly (readonly [RegExp, ErrorDescription])[] = [
  [/duplicate transaction found/i, ledgerErrors.txIdUsed],
  [/too many requests|exceeding concurrency limit/i, ledgerErrors.ledgerUnavailable],
  [/message larger than max|exceeds maximum allowed|trying to send message larger/i, ledgerErrors.envelopeTooLarge],
  [/identity expired|certificate has expired|has expired or is not yet valid/i, fabricErrors.identityExpired],
  [
    /access denied|permission denied|implicit policy evaluation failed|signature.*(invalid|not satisfied)/i,
    fabricErrors.identityRefused,
  ],
  [/error validating proposal/i, fabricErrors.identityRefused],
];

/** The row for a message of Fabric, if there is one. */
export function meaningOf(words: string): ErrorDescription | undefined {
  return knownMessages.find(([pattern]) => pattern.test(words))?.[1];
}

/** The meaning of a gRPC status if the message is unknown; any other status may be transient and is retryable. */
const byStatus: Readonly<Partial<Record<status, ErrorDescription>>> = {
  [status.UNAUTHENTICATED]: fabricErrors.identityRefused,
  [status.PERMISSION_DENIED]: fabricErrors.identityRefused,
};

/** The error for a call that failed on its way or in the service. */
export function callError(what: string, cause: unknown): CodedError {
  if (cause instanceof CodedError) return cause;
  const { code, details, message } = cause as Partial<ServiceError> & Error;
  const words = details ?? message;
  const row = meaningOf(words) ?? (code === undefined ? undefined : byStatus[code]) ?? ledgerErrors.ledgerUnavailable;
  const name = code === undefined ? '' : ` (${status[code]})`;
  return new CodedError(row, `${what}: ${shortened(words)}${name}`, { cause });
}

/** Some messages contain a whole certificate, or a long Go stack. */
export function shortened(words: string): string {
  return words.length <= 400 ? words : `${words.slice(0, 400)} ...`;
}
