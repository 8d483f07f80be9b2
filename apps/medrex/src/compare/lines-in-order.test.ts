import { describe, expect, it } from '@jest/globals';
import { LinesInOrder } from './lines-in-order.ts';

/** Lines `a1`: subject a. What was sent, and who answers. */
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
  it('go at once, but for those of a subject whose request was not answered', async () => {
    const { add, answer, sent } = sender();
    add('a1 b1 a2');
    add('a3 c1 -1 b2');
    expect(sent()).toEqual(['a1 b1 a2', 'c1 -1']);
    await answer(0);
    expect(sent()).toEqual(['a1 b1 a2', 'c1 -1', 'a3 b2']);
  });

  it('do not pass one that waits', async () => {
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

  it('fill a request no further than it may be, in order over several', async () => {
    const { add, answer, sent } = sender(2);
    add('a1 b1 a2 b2 c1 c2 c3');
    expect(sent()).toEqual(['a1 b1', 'c1 c2']);
    await answer(0);
    await answer(1);
    expect(sent()).toEqual(['a1 b1', 'c1 c2', 'a2 b2', 'c3']);
  });

  it('are settled when all of them were answered', async () => {
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
