import { describe, expect, it } from '@jest/globals';
import { GroupWriter } from './group-writer.ts';

describe('GroupWriter', () => {
  it('lets records that come during a write share the next one, in order', async () => {
    const groups: string[][] = [];
    const finish: (() => void)[] = [];
    const writer = new GroupWriter((records) => {
      groups.push(records.map((record) => record.toString()));
      return new Promise((resolve) => finish.push(resolve));
    });
    const done: string[] = [];
    const written = ['a', 'b', 'c'].map((text) => writer.write(Buffer.from(text)).then(() => done.push(text)));
    expect(groups).toEqual([['a']]);
    finish.shift()?.();
    await written[0];
    expect([groups, done]).toEqual([[['a'], ['b', 'c']], ['a']]);
    finish.shift()?.();
    await Promise.all(written);
    await writer.idle();
    expect(done).toEqual(['a', 'b', 'c']);
  });

  it('writes nothing more after a failure', async () => {
    let calls = 0;
    const writer = new GroupWriter(async () => {
      calls += 1;
      throw new Error('disk full');
    });
    const [first, second] = [writer.write(Buffer.from('a')), writer.write(Buffer.from('b'))];
    await expect(first).rejects.toThrow('disk full');
    await expect(second).rejects.toThrow('disk full');
    await expect(writer.write(Buffer.from('c'))).rejects.toThrow('disk full');
    expect(calls).toBe(1);
  });
});
