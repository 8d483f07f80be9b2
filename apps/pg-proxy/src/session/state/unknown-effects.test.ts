import { describe, expect, it } from '@jest/globals';
import type { Backend } from '../backend/backend.ts';
import { codeKinds } from '../code/code-query.ts';
import { UnknownEffects, type StateOutcome } from './unknown-effects.ts';
import type { ValueCallback } from '../backend/proxy-query.ts';
import { DatabaseCode, type RunText } from '../code/database-code.ts';

const reading = { text: 'select a from t', statements: [] };
const calling = { text: 'select f(1)', statements: 'unread' } as const;
const objects = [
  ['function', 20_000, null, 'f', 'select 1', null],
  ['relation', 20_001, null, 't', null, null],
];
const counts = codeKinds.map((kind) => (kind === 'function' || kind === 'relation' ? 1 : 0));
/** A database with `f` and `t`, as of a transaction. */
const whole = (seen: number): string =>
  JSON.stringify({ of: 'this', seen, builtIn: [], objects, uses: [], anywhere: [], counts });
/** Nothing has changed since. */
const same = (seen: number): string =>
  JSON.stringify({ of: 'this', seen, builtIn: null, objects: [], uses: [], anywhere: [], counts });
const nothing: StateOutcome = { left: undefined, isOpaque: false };

/** A backend whose questions are answered by hand. */
class Asked {
  readonly questions: ValueCallback[] = [];
  readonly texts: string[] = [];
  readonly outcomes: StateOutcome[] = [];
  isGone = false;
  readonly #backend = {
    settings: { parameters: new Map([['server_version', '15.1']]) },
    queryValue: (text: string, then: ValueCallback) => {
      this.texts.push(text);
      this.questions.push(then);
    },
  } as unknown as Backend;

  runs(code: DatabaseCode, text: RunText): this {
    const doubts = new UnknownEffects(code);
    const { statements } = text;
    doubts.run(text, statements === 'unread' ? [] : statements.flatMap(({ effects }) => effects));
    doubts.resolve({
      backend: this.#backend,
      known: () => ({ user: 'u', settings: new Map() }),
      isGone: () => this.isGone,
      contain: (work) => work(),
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
    const code = new DatabaseCode(() => 0);
    const [one, other, gone, defining] = [new Asked(), new Asked(), new Asked(), new Asked()];
    for (const each of [one, other, gone]) each.runs(code, reading);
    defining.runs(code, { text: 'alter table t add b int', statements: [] });
    expect([one, other, gone, defining].map(({ questions }) => questions.length)).toEqual([1, 0, 0, 0]);
    gone.isGone = true;
    one.answer(whole(10));
    // What was defined meanwhile may not have been in that answer, so the next one asks again; once, for all.
    expect([one, other, gone, defining].map(({ questions }) => questions.length)).toEqual([0, 1, 0, 0]);
    other.answer(same(11));
    defining.answer(same(11));
    expect([one, other, gone, defining].map(({ outcomes }) => outcomes)).toEqual([
      ...[[nothing], [nothing], [], [nothing]],
    ]);
  });

  it('is asked for by the next one if the first gets no answer', () => {
    const code = new DatabaseCode(() => 0);
    const [one, other] = [new Asked().runs(code, reading), new Asked().runs(code, reading)];
    one.answer(undefined, '08006');
    expect(one.outcomes).toEqual([{ left: undefined, isOpaque: true }]);
    other.answer(whole(10));
    expect(other.outcomes).toEqual([nothing]);
  });

  it('is asked for again if something was dropped while it was read, and by the next one after three times', () => {
    const code = new DatabaseCode(() => 0);
    const [one, other] = [new Asked().runs(code, calling), new Asked().runs(code, calling)];
    one.answer(undefined, 'XX000');
    one.answer(whole(20));
    expect([one.outcomes, other.outcomes]).toEqual([[nothing], [nothing]]);
    code.stale();
    const [unlucky, next] = [new Asked().runs(code, calling), new Asked().runs(code, calling)];
    for (let attempt = 0; attempt < 3; attempt++) unlucky.answer(undefined, 'XX000');
    expect(unlucky.outcomes).toEqual([{ left: undefined, isOpaque: true }]);
    next.answer(same(60));
    expect(next.outcomes).toEqual([nothing]);
  });

  it('is nothing for reads if the server does not answer, and nobody asks again at once', () => {
    let nowMs = 0;
    const code = new DatabaseCode(() => nowMs);
    const [one, other] = [new Asked().runs(code, reading), new Asked().runs(code, calling)];
    one.answer(undefined, '42501');
    expect([one.outcomes, other.outcomes]).toEqual([[nothing], [{ left: undefined, isOpaque: true }]]);
    const later = new Asked().runs(code, calling);
    expect([later.questions, later.outcomes]).toEqual([[], [{ left: undefined, isOpaque: true }]]);
    nowMs = 60_000;
    const again = new Asked().runs(code, calling);
    again.answer(whole(10));
    expect(again.outcomes).toEqual([nothing]);
  });

  it('is asked for once when the code is old', () => {
    let nowMs = 0;
    const code = new DatabaseCode(() => nowMs);
    const one = new Asked().runs(code, reading);
    one.answer(whole(10));
    nowMs = 5_001;
    const [first, second] = [new Asked().runs(code, reading), new Asked().runs(code, reading)];
    expect([first.questions.length, second.questions.length, second.outcomes]).toEqual([1, 0, [nothing]]);
    first.answer(same(11));
    expect(first.outcomes).toEqual([nothing]);
  });

  it('is asked for completely at another server, and what is gone by what is left', () => {
    const code = new DatabaseCode(() => 0);
    new Asked().runs(code, reading).answer(whole(10));
    const stale = (): Asked => {
      code.stale();
      return new Asked().runs(code, calling);
    };
    const moved = stale();
    moved.answer(same(11).replace('this', 'that'));
    expect([moved.texts[0]?.includes("age('10'"), moved.texts[1]?.includes('<= (select age')]).toEqual([true, false]);
    moved.answer(whole(3));
    expect(moved.outcomes).toEqual([nothing]);
    const dropping = stale();
    dropping.answer(same(12).replace(JSON.stringify(counts), JSON.stringify(counts.map(() => 0))));
    dropping.answer(undefined, '57014');
    expect(dropping.outcomes).toEqual([{ left: undefined, isOpaque: true }]);
    const again = new Asked().runs(code, { text: 'select 1 from t', statements: [] });
    again.answer(same(13).replace(JSON.stringify(counts), JSON.stringify(counts.map(() => 0))));
    again.answer(JSON.stringify({ function: [], relation: [] }));
    expect([again.outcomes, again.questions]).toEqual([[nothing], []]);
  });
});
