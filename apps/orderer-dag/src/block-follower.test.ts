import { describe, expect, it } from '@jest/globals';
import { CodedError } from '@medrex/coded-error';
import { ledgerErrors, type Block, type BlockStream } from '@medrex/ledger';
import { BlockFollower } from './block-follower.ts';
import { aBlock } from './testing/blocks.ts';
import { ManualClock } from './testing/manual-clock.ts';

type OnBlock = (block: Block) => void | Promise<void>;

/** A block stream driven by the test. */
function manualStream(from = 0) {
  const clock = new ManualClock();
  const opened: number[] = [];
  const taken: number[] = [];
  const failures: string[] = [];
  let feed: { onBlock: OnBlock; onError: (error: unknown) => void } | undefined;
  const stream: BlockStream = {
    height: () => Promise.resolve(90),
    find: () => Promise.resolve(undefined),
    follow: (start, onBlock, onError) => {
      opened.push(start);
      feed = { onBlock, onError: (error) => onError?.(error) };
      return { close: () => Promise.resolve() };
    },
  };
  const follower = new BlockFollower({
    stream,
    from,
    clock,
    backoff: { baseMs: 10, capMs: 10, jitter: () => 0 },
    onBlock: ({ number }) => void taken.push(number),
    onFailure: (error) => void failures.push(error instanceof Error ? error.message : ''),
  });
  const give = async (...numbers: number[]): Promise<void> => {
    for (const number of numbers) await feed?.onBlock(aBlock(number));
  };
  const fail = (error: unknown): void => feed?.onError(error);
  return { follower, clock, opened, taken, failures, give, fail };
}

describe('BlockFollower', () => {
  it('passes on each block once and in order, without repeats', async () => {
    const { follower, taken, give } = manualStream(5);
    await give(3, 4, 5, 6, 5, 6, 7);
    expect([taken, follower.height]).toEqual([[5, 6, 7], 8]);
  });

  it('refuses to skip a block', async () => {
    const { taken, give } = manualStream(5);
    await give(5);
    await expect(give(7)).rejects.toMatchObject({ code: 'BLOCK_GAP' });
    expect(taken).toEqual([5]);
  });

  it('reopens a broken stream where it broke', async () => {
    const { clock, opened, failures, give, fail } = manualStream(5);
    await give(5, 6);
    fail(new Error('peer restarted'));
    await clock.advance(10);
    expect([opened, failures]).toEqual([[5, 7], ['peer restarted']]);
  });

  it('continues at the current height when the next block is pruned', async () => {
    const { clock, opened, fail } = manualStream(5);
    fail(new CodedError(ledgerErrors.blockPruned, 'block 5'));
    await clock.advance(10);
    expect(opened).toEqual([5, 90]);
  });

  it('does not reopen a stream after close', async () => {
    const { follower, clock, opened, taken, give, fail } = manualStream(5);
    await follower.close();
    fail(new Error('closed'));
    await give(5);
    await clock.advance(100);
    expect([opened, taken]).toEqual([[5], []]);
  });
});
