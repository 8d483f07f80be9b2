import { describe, expect, it } from '@jest/globals';
import { foundTransaction } from './find-transaction.ts';

const answer = (message: string) => ({ status: 500, message, payload: new Uint8Array() });

describe('foundTransaction', () => {
  it.each([
    ['Failed to get block for txID ab, error no such transaction ID [ab] in index'],
    ['Failed to get block for txID ab, error Entry not found in index'],
  ])('recognises an id that is in no block: %s', (message) => {
    expect(foundTransaction('ehr', 'ab', answer(message))).toBeUndefined();
  });

  it.each([
    ['error details for the TXID [ab] not available. Ledger bootstrapped from a snapshot.', 'BLOCK_PRUNED'],
    ['access denied for [GetBlockByTxID][ehr]', 'LEDGER_UNAVAILABLE'],
  ])('does not mistake another failure for that: %s', (message, code) => {
    expect(() => foundTransaction('ehr', 'ab', answer(message))).toThrow(expect.objectContaining({ code }));
  });
});
