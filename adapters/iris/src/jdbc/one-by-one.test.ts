import { expect, it } from '@jest/globals';
import { OneByOne } from './one-by-one.ts';

it('does one after the other what has the same key, and goes on where one fails', async () => {
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
