import { describe, expect, it } from '@jest/globals';
import { SentEnvelopes } from './sent-envelopes.ts';
import { aBlock, aTransaction } from './testing/blocks.ts';

describe('SentEnvelopes', () => {
  const watched = (): { sent: SentEnvelopes; codes: string[] } => {
    const sent = new SentEnvelopes();
    const codes: string[] = [];
    sent.expect('ours', ({ code }, { number }) => void codes.push(`${number}:${code}`));
    return { sent, codes };
  };

  it('prefers VALID within a block, at any position', () => {
    for (const order of [
      ['VALID', 'DUPLICATE_TXID'],
      ['DUPLICATE_TXID', 'VALID'],
    ] as const) {
      const { sent, codes } = watched();
      sent.onBlock(
        aBlock(
          4,
          order.map((code) => aTransaction({ txId: 'ours', code })),
        ),
      );
      expect(codes).toEqual(['4:VALID']);
    }
  });

  it('takes the code of the first block of an id, and ignores later blocks', () => {
    const { sent, codes } = watched();
    sent.onBlock(aBlock(4, [aTransaction({ txId: 'other' })]));
    sent.onBlock(aBlock(5, [aTransaction({ txId: 'ours', code: 'MVCC_READ_CONFLICT' })]));
    sent.onBlock(aBlock(6, [aTransaction({ txId: 'ours', code: 'VALID' })]));
    expect(codes).toEqual(['5:MVCC_READ_CONFLICT']);
    expect(sent.size).toBe(0);
  });

  it('remembers 10,000 envelopes and then forgets the oldest', () => {
    const sent = new SentEnvelopes();
    for (let count = 0; count <= 10_000; count++) sent.expect(`tx${count}`, () => undefined);
    expect([sent.size, sent.isOurs('tx0'), sent.isOurs('tx1')]).toEqual([10_000, false, true]);
  });
});
