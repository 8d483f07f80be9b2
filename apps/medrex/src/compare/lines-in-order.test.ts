import { describe, expect, it } from '@jest/globals';
import { LinesInOrder } from './lines-in-order.ts';

/** A sender of lines like `a1`, of subject a; records requests and controls their answers. */
function sender(linesMax = 500) {
  const requests: { readonly lines: string; readonly answer: () => void }[] = [];
  const lines = new LinesInOrder<string>({
    subjectOf: (line) => (line.startsWith('-') ? undefined : line.slice(0, 1)),
    send: (batch) => new Promise((answer) => requests.push({ lines: batch.join(' '), answer: () => answer() })),
    linesMax,
  });
  const add = (text: string) => {
    for (const line of text.split(' ')) lines.add(line);
    lines.flush();
  };
  const answer = async (request: number) => {
    requests[request]?.answer();
    await new Promise(setImmediate);
  };
  return { lines, add, answer, sent: () => requests.map((request) => request.lines) };
}

describe('lines in order', () => {
  it('are sent at once, except while a request with their subject is in flight', async () => {
    const { add, answer, sent } = sender();
    add('a1 b1 a2');
    add('a3 c1 -1 b2');
    expect(sent()).toEqual(['a1 b1 a2', 'c1 -1']);
    await answer(0);
    expect(sent()).toEqual(['a1 b1 a2', 'c1 -1', 'a3 b2']);
  });

  it('do not overtake a waiting line of their subject', async () => {
    const { add, answer, sent } = sender();
    add('a1');
    add('b1');
    add('a2 b2');
    await answer(1);
    add('a3 b3');
    await answer(0);
    expect(sent()).toEqual(['a1', 'b1', 'b2', 'a2 a3']);
    await answer(2);
    expect(sent().at(-1)).toBe('b3');
  });

  it('are split over several requests at the limit, in order', async () => {
    const { add, answer, sent } = sender(2);
    add('a1 b1 a2 b2 c1 c2 c3');
    expect(sent()).toEqual(['a1 b1', 'c1 c2']);
    await answer(0);
    await answer(1);
    expect(sent()).toEqual(['a1 b1', 'c1 c2', 'a2 b2', 'c3']);
  });

  it('are settled when all requests are answered', async () => {
    const { lines, add, answer } = sender();
    add('a1');
    add('a2');
    let isSettled = false;
    const settled = lines.settled().then(() => (isSettled = true));
    await answer(0);
    expect(isSettled).toBe(false);
    await answer(1);
    await settled;
  });
});
