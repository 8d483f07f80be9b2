import { status } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import { callError } from './call-error.ts';

const failure = (code: status, details: string): Error => Object.assign(new Error(details), { code, details });

describe('an error of a call', () => {
  it.each([
    [status.UNAVAILABLE, 'No connection established', 'LEDGER_UNAVAILABLE', true],
    [status.DEADLINE_EXCEEDED, 'Deadline exceeded', 'LEDGER_UNAVAILABLE', true],
    [status.RESOURCE_EXHAUSTED, 'out of memory', 'LEDGER_UNAVAILABLE', true],
    [
      status.UNKNOWN,
      'too many requests for /protos.Endorser, exceeding concurrency limit (2500)',
      'LEDGER_UNAVAILABLE',
      true,
    ],
    [status.ABORTED, 'failed to endorse transaction, see attached details', 'LEDGER_UNAVAILABLE', true],
    [status.UNKNOWN, 'something new', 'LEDGER_UNAVAILABLE', true],
    [status.RESOURCE_EXHAUSTED, 'grpc: received message larger than max (7 vs. 4)', 'ENVELOPE_TOO_LARGE', false],
    [status.UNKNOWN, 'duplicate transaction found [0a]. Creator [0b]', 'TXID_USED', false],
    [
      status.UNKNOWN,
      'error validating proposal: access denied: channel [ehr] creator org [X]',
      'FABRIC_IDENTITY_REFUSED',
      false,
    ],
    [status.UNKNOWN, 'proposal client identity expired', 'FABRIC_IDENTITY_EXPIRED', false],
    [status.PERMISSION_DENIED, 'no', 'FABRIC_IDENTITY_REFUSED', false],
    [status.UNAUTHENTICATED, 'no', 'FABRIC_IDENTITY_REFUSED', false],
  ])('%s "%s" is %s', (code, details, expected, retryable) => {
    expect(callError('peer0: tx 1', failure(code, details))).toMatchObject({ code: expected, retryable });
  });

  it('contains target and call, the status, and a message shortened to a line', () => {
    const error = callError('peer0: tx 1', failure(status.UNKNOWN, 'x'.repeat(5_000)));
    expect(error.message).toMatch(/^peer0: tx 1: x+ \.\.\. \(UNKNOWN\)$/);
    expect(error.message.length).toBeLessThan(500);
  });
});
