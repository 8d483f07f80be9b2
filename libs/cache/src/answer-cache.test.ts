import { expect, it } from '@jest/globals';
import { AnswerCache, type PendingAnswer, type Lookup } from './answer-cache.ts';
import { Epochs, wholeDatabase } from './epochs.ts';

const window = { lookups: 1_000, ratioMin: 0, offMs: 1 };
const [ward, bed] = [1, 2];

/** A statement over some tables, and its lookups. */
class Question {
  readonly epochs = new Epochs();
  readonly cache = new AnswerCache<string>({ bytesMax: 10_000, entryBytesMax: 100, window });
  readonly heard: (string | undefined)[] = [];

  ask(nowMs = 0, epochs = this.epochs): Lookup<string> {
    const asked = { key: 'select', epochs, ids: [ward, bed, wholeDatabase] };
    return this.cache.lookUp(asked, nowMs, 1_000, (answer) => this.heard.push(answer));
  }

  /** Looks up, expecting a miss. */
  pending(nowMs = 0): PendingAnswer<string> {
    const lookup = this.ask(nowMs);
    if (lookup.kind !== 'miss') throw new Error(`it is a ${lookup.kind}`);
    return lookup.pending;
  }
}

it('serves an answer until one of its tables changes', () => {
  const question = new Question();
  expect(question.pending().done('one', 10)).toBe(true);
  question.epochs.bump([3]);
  expect(question.ask()).toEqual({ kind: 'hit', answer: 'one' });
  question.epochs.bump([bed]);
  expect(question.ask().kind).toBe('miss');
  expect(question.cache.counts).toMatchObject({ hits: 1, misses: 2, outdated: 1 });
});

it('serves an answer no longer than its time to live', () => {
  const question = new Question();
  question.pending(5).done('one', 10);
  expect(question.ask(1_004).kind).toBe('hit');
  expect(question.ask(1_005).kind).toBe('miss');
});

it('does not cache an answer if a table changed since the question, or if it is too large', () => {
  const question = new Question();
  const pending = question.pending();
  question.epochs.bump([ward]);
  expect(pending.done('one', 10)).toBe(false);
  expect(question.pending().done('two', 101)).toBe(false);
  expect(question.cache.counts).toMatchObject({ kept: 0, overtaken: 1, tooLarge: 1 });
});

it('shares an answer with lookups made meanwhile, but not with those after a change', () => {
  const question = new Question();
  const pending = question.pending();
  expect(question.ask().kind).toBe('awaited');
  question.epochs.bump([ward]);
  const second = question.pending();
  expect(question.ask().kind).toBe('awaited');
  pending.done('one', 10);
  expect(question.heard).toEqual([undefined]);
  second.done('two', 10);
  expect(question.heard).toEqual([undefined, 'two']);
});

it('neither caches nor serves an answer while a table may change unnoticed', () => {
  const question = new Question();
  question.pending().done('before', 10);
  const certain = [question.epochs.doubt([bed]), question.epochs.doubt([bed])];
  expect(question.ask().kind).toBe('off');
  certain[0]!();
  expect(question.ask().kind).toBe('off');
  certain[1]!();
  const pending = question.pending();
  const isOver = question.epochs.doubt([bed]);
  expect(pending.done('within', 10)).toBe(false);
  isOver();
  expect(question.ask().kind).toBe('miss');
});

it('neither serves nor waits for an answer of replaced epochs', () => {
  const question = new Question();
  const pending = question.pending();
  expect(question.ask(0, new Epochs()).kind).toBe('miss');
  pending.done('one', 10);
  expect(question.ask(0, new Epochs()).kind).toBe('miss');
});
