import { expect, it } from '@jest/globals';
import { PacedCommit } from './paced-commit.ts';

function paced() {
  const commits: number[] = [];
  let wake: (() => void) | undefined;
  const commit = new PacedCommit({
    log: {
      commit: async (_group, _topic, _partition, offset) => {
        commits.push(offset);
        if (offset === 13) throw new Error('no broker');
      },
    },
    group: 'g',
    everyMs: 1_000,
    after: (_ms, act) => (wake = act),
    onError: () => commits.push(-1),
  });
  const pass = (): void => {
    const due = wake;
    wake = undefined;
    due?.();
  };
  return { commits, pass, done: (offset: number) => commit.done('t', 0, offset), end: () => commit.end() };
}

it('commits the first at once, the newest after each rest, and then rests until there is more', () => {
  const { commits, pass, done } = paced();
  done(1);
  done(2);
  done(3);
  expect(commits).toEqual([1]);
  pass();
  expect(commits).toEqual([1, 3]);
  pass();
  pass();
  expect(commits).toEqual([1, 3]);
  done(4);
  expect(commits).toEqual([1, 3, 4]);
});

it('reports a failed commit, and continues', async () => {
  const { commits, pass, done } = paced();
  done(13);
  await Promise.resolve();
  await Promise.resolve();
  done(14);
  pass();
  expect(commits).toEqual([13, -1, 14]);
});

it('commits what is left when it ends', async () => {
  const { commits, pass, done, end } = paced();
  done(1);
  done(2);
  await end();
  pass();
  expect(commits).toEqual([1, 2]);
});
