import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import type pg from 'pg';
import { RealRig } from '../../testing/real-rig.ts';

describeReal('POSTGRES', 'a seed of random numbers', (where) => {
  let rig: RealRig;
  beforeAll(async () => {
    rig = await RealRig.start(where, 'transaction', 2);
  });
  afterAll(() => rig.close());

  it.each([
    'set seed to 0.25',
    "select set_config('seed', '0.25', false)",
    "do $$ begin perform set_config('seed', '0.25', false); end $$",
    'do $$ begin set seed to 0.25; end $$',
  ])('applies to the client that set it, and to nobody else: %s', async (text) => {
    const numbersOf = async (client: pg.Client): Promise<unknown[]> => {
      const numbers: unknown[] = [];
      await client.query(text);
      for (let at = 0; at < 3; at++) numbers.push((await client.query('select random() as number')).rows);
      await client.end();
      return numbers;
    };
    expect(await numbersOf(await rig.client())).toEqual(await numbersOf(await rig.directClient()));
  });
});
