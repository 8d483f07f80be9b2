import { common } from '@hyperledger/fabric-protos';
import { describe, expect, it } from '@jest/globals';
import { acknowledged } from './broadcast-status.ts';

const { Status } = common;

describe("an orderer's acknowledgement", () => {
  it('reports nothing further if it accepted the envelope', () => {
    expect(acknowledged('tx 1', Status.SUCCESS, '')).toBeUndefined();
  });

  it.each([
    [Status.SERVICE_UNAVAILABLE, 'no Raft leader', 'LEDGER_UNAVAILABLE', true],
    [Status.INTERNAL_SERVER_ERROR, '', 'LEDGER_UNAVAILABLE', true],
    [Status.REQUEST_ENTITY_TOO_LARGE, '', 'ENVELOPE_TOO_LARGE', false],
    [
      Status.BAD_REQUEST,
      'message payload is 12 bytes and exceeds maximum allowed 10 bytes',
      'ENVELOPE_TOO_LARGE',
      false,
    ],
    [Status.BAD_REQUEST, 'broadcast client identity expired', 'FABRIC_IDENTITY_EXPIRED', false],
    [Status.BAD_REQUEST, 'message is malformed', 'FABRIC_REQUEST_REFUSED', false],
    [
      Status.FORBIDDEN,
      'implicit policy evaluation failed - 0 sub-policies were satisfied',
      'FABRIC_IDENTITY_REFUSED',
      false,
    ],
    [Status.FORBIDDEN, 'no', 'FABRIC_IDENTITY_REFUSED', false],
    [Status.NOT_FOUND, 'channel not found', 'CHANNEL_UNKNOWN', false],
  ])('%s "%s" is %s', (code, info, expected, retryable) => {
    expect(acknowledged('tx 1', code, info)).toMatchObject({ code: expected, retryable });
  });
});
