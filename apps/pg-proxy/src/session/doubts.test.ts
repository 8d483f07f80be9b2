import { describe, expect, it } from '@jest/globals';
import type { Backend } from './backend.ts';
import { Doubts, type Outcome } from './doubts.ts';
import type { Answered } from './own-question.ts';
import { UnseenCode, type RunText } from './unseen-code.ts';

const reading = { text: 'select a from t', statements: [] };
const calling = { text: 'select f(1)', statements: 'unread' } as const;
const rows = JSON.stringify({ functions: ['f'], relations: ['t'], sources: [], uses: [] });
const nothing: Outcome = { left: undefined, isOpaque: false };

/** A backend whose questions are answered by hand. */
class Asked {
  readonly questions: Answered[] = [];
  readonly outcomes: Outcome[] = [];
  isGone = false;
  readonly #backend = {
    parameters: new Map([['server_version', '15.1']]),
    question: (_: string, then: Answered) => void this.questions.push(then),
  } as unknown as Backend;

  runs(code: UnseenCode, text: RunText): this {
    const doubts = new Doubts(code);
    doubts.run(text);
    doubts.settle({
      backend: this.#backend,
      known: () => ({ user: 'u', settings: new Map() }),
      isGone: () => this.isGone,
      then: (outcome) => this.outcomes.push(outcome),
    });
    return this;
  }

  answer(value: string | undefined, sqlstate?: string): void {
    this.questions.shift()?.(value, sqlstate);
  }
}

describe('what a transaction may have left', () => {
  it('is asked for by one of all that end before the code was read', () => {
    const code = new UnseenCode(() => 0);
    const [one, other, gone, defining] = [new Asked(), new Asked(), new Asked(), new Asked()];
    for (const each of [one, other, gone]) each.runs(code, reading);
    defining.runs(code, { text: 'alter table t add b int', statements: [] });
    expect([one, other, gone, defining].map(({ questions }) => questions.length)).toEqual([1, 0, 0, 0]);
    gone.isGone = true;
    one.answer('1/1');
    one.answer(rows);
    // What was defined meanwhile may not have been in that answer, so the next one asks again; once, for all.
    expect([one, other, gone, defining].map(({ questions }) => questions.length)).toEqual([0, 1, 0, 0]);
    other.answer('1/1');
    defining.answer('1/1');
    expect([one, other, gone, defining].map(({ outcomes }) => outcomes)).toEqual([
      ...[[nothing], [nothing], [], [nothing]],
    ]);
  });

  it('is asked for by the next one where the first gets no answer', () => {
    const code = new UnseenCode(() => 0);
    const [one, other] = [new Asked().runs(code, reading), new Asked().runs(code, reading)];
    one.answer(undefined, '08006');
    expect(one.outcomes).toEqual([{ left: undefined, isOpaque: true }]);
    other.answer('1/1');
    other.answer(rows);
    expect(other.outcomes).toEqual([nothing]);
  });

  it('is asked for again where something was dropped as it was read about, and by the next one after three times', () => {
    const code = new UnseenCode(() => 0);
    const [one, other] = [new Asked().runs(code, calling), new Asked().runs(code, calling)];
    one.answer('1/1');
    one.answer(undefined, 'XX000');
    one.answer('2/2');
    one.answer(rows);
    expect([one.outcomes, other.outcomes]).toEqual([[nothing], [nothing]]);
    code.stale();
    const [unlucky, next] = [new Asked().runs(code, calling), new Asked().runs(code, calling)];
    for (const definitions of ['3/3', '4/4', '5/5']) {
      unlucky.answer(definitions);
      unlucky.answer(undefined, 'XX000');
    }
    expect(unlucky.outcomes).toEqual([{ left: undefined, isOpaque: true }]);
    next.answer('6/6');
    next.answer(rows);
    expect(next.outcomes).toEqual([nothing]);
  });

  it('is nothing of what only reads where the server does not say what there is, and nobody asks it again at once', () => {
    let nowMs = 0;
    const code = new UnseenCode(() => nowMs);
    const [one, other] = [new Asked().runs(code, reading), new Asked().runs(code, calling)];
    one.answer(undefined, '42501');
    expect([one.outcomes, other.outcomes]).toEqual([[nothing], [{ left: undefined, isOpaque: true }]]);
    const later = new Asked().runs(code, calling);
    expect([later.questions, later.outcomes]).toEqual([[], [{ left: undefined, isOpaque: true }]]);
    nowMs = 60_000;
    const again = new Asked().runs(code, calling);
    again.answer('1/1');
    again.answer(rows);
    expect(again.outcomes).toEqual([nothing]);
  });

  it('is asked for when the code is old, once', () => {
    let nowMs = 0;
    const code = new UnseenCode(() => nowMs);
    const one = new Asked().runs(code, reading);
    one.answer('1/1');
    one.answer(rows);
    nowMs = 5_001;
    const [first, second] = [new Asked().runs(code, reading), new Asked().runs(code, reading)];
    expect([first.questions.length, second.questions.length, second.outcomes]).toEqual([1, 0, [nothing]]);
    first.answer('1/1');
    expect(first.outcomes).toEqual([nothing]);
  });
});
