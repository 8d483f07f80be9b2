import { expect, it } from '@jest/globals';
import { AnswerCache, type Filling, type Lookup } from './answer-cache.ts';
import { Epochs, whole } from './epochs.ts';

const window = { lookups: 1_000, ratioMin: 0, offMs: 1 };
const [ward, bed] = [1, 2];

/** One statement over some tables, and who asks for it. */
class Question {
  readonly epochs = new Epochs();
  readonly cache = new AnswerCache<string>({ bytesMax: 10_000, entryBytesMax: 100, window });
  readonly heard: (string | undefined)[] = [];

  ask(nowMs = 0, epochs = this.epochs): Lookup<string> {
    const asked = { key: 'select', epochs, ids: [ward, bed, whole] };
    return this.cache.lookUp(asked, nowMs, 1_000, (answer) => this.heard.push(answer));
  }

  /** Nobody has asked the server for it yet. */
  filling(nowMs = 0): Filling<string> {
    const lookup = this.ask(nowMs);
    if (lookup.kind !== 'miss') throw new Error(`it is a ${lookup.kind}`);
    return lookup.filling;
  }
}

it('an answer is shown until one of the tables that it was read from changes', () => {
  const question = new Question();
  expect(question.filling().done('one', 10)).toBe(true);
  question.epochs.bump([3]);
  expect(question.ask()).toEqual({ kind: 'hit', answer: 'one' });
  question.epochs.bump([bed]);
  expect(question.ask().kind).toBe('miss');
  expect(question.cache.counts).toMatchObject({ hits: 1, misses: 2, outdated: 1 });
});

it('an answer is shown for no longer than it may be', () => {
  const question = new Question();
  question.filling(5).done('one', 10);
  expect(question.ask(1_004).kind).toBe('hit');
  expect(question.ask(1_005).kind).toBe('miss');
});

it('an answer is not kept where something has changed since it was asked for, or where it is too large', () => {
  const question = new Question();
  const filling = question.filling();
  question.epochs.bump([ward]);
  expect(filling.done('one', 10)).toBe(false);
  expect(question.filling().done('two', 101)).toBe(false);
  expect(question.cache.counts).toMatchObject({ kept: 0, overtaken: 1, tooLarge: 1 });
});

it('who asks meanwhile gets the same answer; who asks behind a change asks himself', () => {
  const question = new Question();
  const filling = question.filling();
  expect(question.ask().kind).toBe('awaited');
  question.epochs.bump([ward]);
  const second = question.filling();
  expect(question.ask().kind).toBe('awaited');
  filling.done('one', 10);
  expect(question.heard).toEqual([undefined]);
  second.done('two', 10);
  expect(question.heard).toEqual([undefined, 'two']);
});

it('nothing is kept that was asked for before, or shown, while something may change unseen', () => {
  const question = new Question();
  question.filling().done('before', 10);
  const certain = [question.epochs.doubt([bed]), question.epochs.doubt([bed])];
  expect(question.ask().kind).toBe('off');
  certain[0]!();
  expect(question.ask().kind).toBe('off');
  certain[1]!();
  const filling = question.filling();
  const isOver = question.epochs.doubt([bed]);
  expect(filling.done('within', 10)).toBe(false);
  isOver();
  expect(question.ask().kind).toBe('miss');
});

it('an answer of epochs that others have taken the place of is not shown, and not waited for', () => {
  const question = new Question();
  const filling = question.filling();
  expect(question.ask(0, new Epochs()).kind).toBe('miss');
  filling.done('one', 10);
  expect(question.ask(0, new Epochs()).kind).toBe('miss');
});
