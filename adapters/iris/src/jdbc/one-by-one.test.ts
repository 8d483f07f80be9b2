import { expect, it } from '@jest/globals';
import { OneByOne } from './one-by-one.ts';

it('runs actions with the same key one after the other, also after a failure', async () => {
  const line = new OneByOne();
  const said: string[] = [];
  let go: () => void = () => undefined;
  const first = line.run('a', async () => {
    said.push('first');
    await new Promise<void>((resolve) => (go = resolve));
    said.push('end of first');
    throw new Error('first');
  });
  const second = line.run('a', async () => void said.push('second'));
  await line.run('b', async () => void said.push('other'));
  expect(said).toEqual(['first', 'other']);
  go();
  await expect(first).rejects.toThrow('first');
  await second;
  expect(said).toEqual(['first', 'other', 'end of first', 'second']);
});
