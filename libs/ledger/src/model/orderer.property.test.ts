import { describe, expect, it } from '@jest/globals';
import { isCodedError } from '@medrex/coded-error';
import fc from 'fast-check';
import type { BlockCutterLimits } from '../block-cutter.ts';
import type { Endorsement } from '../ledger.ts';
import { ModelNetwork } from '../testing/model-network.ts';

interface Arrival {
  readonly txId: string;
  readonly bytes: number;
  readonly atMs: number;
}

/**
 * Fabric's orderer once more, read from its description: one loop over messages and the timer, with the pending batch and
 * the time at which its timer ends as the only state.
 */
function naiveBlocks(arrivals: readonly Arrival[], limits: BlockCutterLimits): string[][] {
  const blocks: string[][] = [];
  let pending: Arrival[] = [];
  let timerEndsMs = Infinity;
  const cut = (): void => {
    if (pending.length > 0) blocks.push(pending.map(({ txId }) => txId));
    pending = [];
  };
  for (const arrival of arrivals) {
    if (timerEndsMs <= arrival.atMs) {
      cut();
      timerEndsMs = Infinity;
    }
    const waiting = pending.reduce((sum, { bytes }) => sum + bytes, 0);
    if (waiting + arrival.bytes > limits.preferredMaxBytes) cut();
    pending.push(arrival);
    if (arrival.bytes > limits.preferredMaxBytes || pending.length >= limits.maxMessageCount) cut();
    if (pending.length === 0) timerEndsMs = Infinity;
    else if (timerEndsMs === Infinity) timerEndsMs = arrival.atMs + limits.batchTimeoutMs;
  }
  cut();
  return blocks;
}

const message = fc.record({ kibibytes: fc.constantFrom(0, 1, 4, 10, 30), afterMs: fc.constantFrom(0, 1, 7, 30, 101) });
const parameters = fc.record({
  batchTimeoutMs: fc.constantFrom(1, 20, 100),
  maxMessageCount: fc.integer({ min: 1, max: 5 }),
  preferredMaxBytes: fc.constantFrom(8_000, 30_000, 70_000),
  absoluteMaxBytes: fc.constantFrom(24_000, 1_000_000),
});

describe('the orderer of the model', () => {
  it('cuts envelopes of any size and timing like the loop of Fabric, and refuses too large ones', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 40, size: 'max' }), parameters, async (messages, cutter) => {
        const network = await ModelNetwork.open({ cutter });
        const endorsements: Endorsement[] = [];
        for (const [at, { kibibytes }] of messages.entries()) {
          endorsements.push(await network.endorse('put', `k${at}`, 'v'.repeat(kibibytes * 512)));
        }
        const taken: Arrival[] = [];
        const refused: string[] = [];
        for (const [at, endorsement] of endorsements.entries()) {
          const { proposal, envelopeBytes: bytes } = endorsement;
          await network.time.advance(messages[at]!.afterMs);
          await network.ledger.submit(endorsement).then(
            () => taken.push({ txId: proposal.txId, bytes, atMs: network.time.nowMs() }),
            (error: unknown) => refused.push(isCodedError(error) ? error.code : String(error)),
          );
        }
        await network.time.advance(1_000);
        const blocks = network.blocks.map(({ transactions }) => transactions.map(({ txId }) => txId));
        expect(blocks).toEqual(naiveBlocks(taken, cutter));
        const tooLarge = endorsements.filter(({ envelopeBytes }) => envelopeBytes > cutter.absoluteMaxBytes);
        expect(refused).toEqual(tooLarge.map(() => 'ENVELOPE_TOO_LARGE'));
      }),
      { numRuns: 60 },
    );
  });
});
