import { expect, it } from '@jest/globals';
import { BatchedLookups } from './batched-lookups.ts';

function store() {
  const asked: (readonly number[])[] = [];
  const open: { readonly answer: () => void; readonly fail: () => void }[] = [];
  const questions = new BatchedLookups<number, string>((keys) => {
    asked.push(keys);
    return new Promise((resolve, reject) =>
      open.push({ answer: () => resolve(keys.map(String)), fail: () => reject(new Error('away')) }),
    );
  }, 4);
  return { asked, open, questions };
}
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

it('runs the first lookup at once, and those that arrive meanwhile together', async () => {
  const { asked, open, questions } = store();
  const answers = [questions.find([1]), questions.find([2, 3]), questions.find([3])];
  expect(asked).toEqual([[1]]);
  open[0]!.answer();
  await turns();
  expect(asked).toEqual([[1], [2, 3, 3]]);
  open[1]!.answer();
  expect(await Promise.all(answers)).toEqual([['1'], ['2', '3'], ['3']]);
});

it('respects the maximum size of a query, except for a single lookup that is larger', async () => {
  const { asked, open, questions } = store();
  const answers = [
    questions.find([0]),
    questions.find([1, 2, 3]),
    questions.find([4, 5]),
    questions.find([6, 7, 8, 9, 10]),
  ];
  for (const at of [0, 1, 2, 3]) {
    await turns();
    open[at]!.answer();
  }
  await Promise.all(answers);
  expect(asked).toEqual([[0], [1, 2, 3], [4, 5], [6, 7, 8, 9, 10]]);
});

it('rejects all lookups of a failed query, and continues with the next', async () => {
  const { open, questions } = store();
  const answers = [questions.find([1]), questions.find([2]), questions.find([3])];
  const settled = Promise.allSettled(answers);
  open[0]!.answer();
  await turns();
  open[1]!.fail();
  await settled;
  const later = questions.find([4]);
  open[2]!.answer();
  expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  expect(await later).toEqual(['4']);
});
