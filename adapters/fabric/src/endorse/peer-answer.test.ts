import { describe, expect, it } from '@jest/globals';
import { peer } from '@hyperledger/fabric-protos';
import { lifecycleKey } from '@medrex/ledger';
import { recordings } from '../testing/golden.ts';
import { evaluated, peerAnswer } from './peer-answer.ts';

const who = { organisation: 'Org1MSP', what: 'peer0: tx 1' };

describe.each(recordings())('an answer recorded on Fabric $fabric', ({ answer, tag }) => {
  it('is an endorsement with what was read and written', () => {
    const endorsed = peerAnswer(who, answer('endorsed'));
    expect(endorsed).toMatchObject({ chaincodeVersion: '1', response: { status: 200 } });
    expect(endorsed.endorsement?.getSignature_asU8().length).toBeGreaterThan(60);
    expect(endorsed.readWriteSet.reads.map(({ key }) => key)).toEqual([lifecycleKey('kv')]);
    expect(endorsed.readWriteSet.writes.map(({ key }) => key)).toEqual([`${tag}a`]);
  });

  it.each([
    { name: 'refused409', status: 409, message: 'stale' },
    { name: 'refused500', status: 500, message: 'broken' },
    { name: 'timeout', status: 500, message: 'timeout expired while executing transaction' },
  ])('is the refusal of the chaincode: $name', ({ name, status, message }) => {
    const refused = peerAnswer(who, answer(name));
    expect(refused.response).toMatchObject({ status, message });
    expect(refused.endorsement).toBeUndefined();
    expect(evaluated(who.what, answer(name))).toMatchObject({ status, message });
  });

  it.each([
    { name: 'chaincodeMissing', code: 'CHAINCODE_MISSING', retryable: false },
    { name: 'chaincodeGone', code: 'LEDGER_UNAVAILABLE', retryable: true },
  ])('is the failure of the peer: $name', ({ name, code, retryable }) => {
    expect(() => peerAnswer(who, answer(name))).toThrow(expect.objectContaining({ code, retryable }));
    expect(() => evaluated(who.what, answer(name))).toThrow(expect.objectContaining({ code, retryable }));
  });
});

describe('an answer of a peer in its own words', () => {
  it.each([
    ["channel 'x' not found", 'CHANNEL_UNKNOWN'],
    ['error in simulation: failed to execute transaction 1: chaincode stream terminated', 'LEDGER_UNAVAILABLE'],
  ])('%s', (message, code) => {
    expect(() => peerAnswer(who, answerOf(500, message))).toThrow(expect.objectContaining({ code }));
  });

  it('takes the error that a chaincode reported for its refusal', () => {
    const words = 'error in simulation: transaction returned with failure: INFRASTRUCTURE: state gone';
    expect(peerAnswer(who, answerOf(500, words)).response.message).toBe('INFRASTRUCTURE: state gone');
  });

  it('treats unknown messages as a refusal, and leaves them to the probe', () => {
    expect(peerAnswer(who, answerOf(500, 'something new')).response).toMatchObject({ message: 'something new' });
  });
});

function answerOf(status: number, message: string): peer.ProposalResponse {
  const response = new peer.Response();
  response.setStatus(status);
  response.setMessage(message);
  const answer = new peer.ProposalResponse();
  answer.setResponse(response);
  return answer;
}
