import { common } from '@hyperledger/fabric-protos';
import { CodedError } from '@medrex/coded-error';
import { ledgerErrors } from '@medrex/ledger';
import { fabricErrors } from '../errors.ts';
import { meaningOf } from '../grpc/call-error.ts';

/**
 * Checks an orderer's acknowledgement; returns normally for SUCCESS.
 * SERVICE_UNAVAILABLE: it has no leader, or none that accepts the envelope. BAD_REQUEST: too large or wrongly signed,
 * as the message tells.
 */
export function acknowledged(what: string, status: number, info: string): CodedError | undefined {
  const { Status } = common;
  if (status === Status.SUCCESS) return undefined;
  const name = Object.entries(Status).find(([, value]) => value === status)?.[0] ?? String(status);
  return new CodedError(rowOf(status, info), `${what}: ${name}: ${info}`);
}

function rowOf(status: number, info: string) {
  const { Status } = common;
  if (status === Status.REQUEST_ENTITY_TOO_LARGE) return ledgerErrors.envelopeTooLarge;
  if (status === Status.SERVICE_UNAVAILABLE || status === Status.INTERNAL_SERVER_ERROR)
    return ledgerErrors.ledgerUnavailable;
  if (status === Status.NOT_FOUND) return ledgerErrors.channelUnknown;
  const said = meaningOf(info);
  if (said !== undefined) return said;
  return status === Status.FORBIDDEN ? fabricErrors.identityRefused : fabricErrors.requestRefused;
}
