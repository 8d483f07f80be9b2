import { describe, expect, it } from '@jest/globals';
import { CodedError } from '@medrex/coded-error';
import { failureVerdict } from './failure-table.ts';

const coded = (code: string, retryable: boolean): CodedError =>
  new CodedError({ code, retryable, meaning: '', remedy: '' }, code);

const refused = (chaincodeMessage: string): Error =>
  Object.assign(coded('ENDORSEMENT_REFUSED', false), { chaincodeMessage });

describe('failureVerdict', () => {
  it.each([
    [coded('LEDGER_UNAVAILABLE', true), 'infrastructure'],
    [coded('CHAINCODE_MISSING', false), 'infrastructure'],
    [coded('FABRIC_IDENTITY_EXPIRED', false), 'infrastructure'],
    [coded('PEER_ON_FIRE', true), 'infrastructure'],
    [coded('ENDORSEMENTS_DIFFER', true), 'infrastructure'],
    [coded('ENDORSEMENTS_DIFFER', false), 'set'],
    [coded('ENVELOPE_TOO_LARGE', false), 'set'],
    [coded('CHANNEL_UNKNOWN', false), 'stop'],
    [coded('KEY_EMPTY', false), 'ask-probe'],
    [new TypeError('x is not a function'), 'ask-probe'],
    [refused('INFRASTRUCTURE: getState timed out'), 'infrastructure'],
    [refused('TEMPLATE_VERSION_MISSING: clinical 7'), 'template-missing'],
    [refused('out of memory'), 'ask-probe'],
  ])('%s -> %s', (error, verdict) => {
    expect(failureVerdict(error)).toBe(verdict);
  });
});
