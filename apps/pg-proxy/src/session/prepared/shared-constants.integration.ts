import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import type pg from 'pg';
import { RealRig } from '../../testing/real-rig.ts';

/** A setting as one client has it, and as the other, and a text that a server reads by it. */
const readings = [
  ['timezone', 'Asia/Tokyo', 'America/New_York', "extract(epoch from '2020-01-01 00:00'::timestamptz)"],
  ['datestyle', 'DMY', 'MDY', "'02/03/2020'::date - '2020-01-01'::date"],
  ['intervalstyle', 'postgres', 'sql_standard', "extract(epoch from '-1 2:03:04'::interval)"],
  ['standard_conforming_strings', 'off', 'on', String.raw`'a\\b'`],
  ['client_encoding', 'LATIN1', 'UTF8', "length('é')"],
  ['transform_null_equals', 'on', 'off', 'null = null'],
  ['array_nulls', 'off', 'on', "array_to_string('{NULL,1}'::text[], ',', 'nothing')"],
] as const;

/** How a client comes to have it, and where that ends. */
const ways = [
  ['at login', (name: string, value: string) => ({ options: `-c ${name}=${value}` }), [], undefined],
  ['by SET', () => ({}), ['set'], undefined],
  ['by SET in a transaction', () => ({}), ['begin', 'set'], 'commit'],
  ['by SET LOCAL', () => ({}), ['begin', 'set local'], 'commit'],
  ['by code', () => ({}), ['begin', 'code'], 'commit'],
] as const;

describeReal('POSTGRES', 'constants of a statement that two clients have prepared', (where) => {
  let rig: RealRig;
  beforeAll(async () => {
    rig = await RealRig.start(where, 'transaction', 1);
  });
  afterAll(() => rig.close());

  /** What a server does not report is followed where it outlives its transaction. */
  const isFollowed = (name: string, how: string): boolean =>
    !['transform_null_equals', 'array_nulls'].includes(name) || !['by SET LOCAL', 'by code'].includes(how);
  const cases = ways
    .flatMap((way) => readings.map((reading) => [reading[0], way[0], way, reading] as const))
    .filter(([name, how]) => isFollowed(name, how));
  it.each(cases)('mean by %s what they do for each of them, who has it %s', async (_, how, way, reading) => {
    const [, options, steps, end] = way;
    const [name, one, other, constant] = reading;
    const text = `select ${constant} as meant /* ${how} */`;
    const answers = async (connect: (options: pg.ClientConfig) => Promise<pg.Client>): Promise<unknown[]> => {
      const meant: unknown[] = [];
      for (const value of [one, other, one]) {
        const client = await connect(options(name, value));
        const said = { set: `set ${name} to '${value}'`, 'set local': `set local ${name} to '${value}'` };
        const code = `do $$ begin perform set_config('${name}', '${value}', true); end $$`;
        const byWord: Readonly<Record<string, string>> = { begin: 'begin', code, ...said };
        for (const step of steps) await client.query(byWord[step]!);
        meant.push((await client.query({ name: 's', text })).rows);
        if (end !== undefined) await client.query(end);
        await client.query('select 1');
        meant.push((await client.query({ name: 's', text })).rows);
        await client.end();
      }
      return meant;
    };
    expect(await answers((more) => rig.client(more))).toEqual(await answers((more) => rig.directClient(more)));
  });

  it('mean the moment at which each client prepares it', async () => {
    const asked = { name: 's', text: "select 'now'::timestamptz::text as moment" };
    const moments = new Set<unknown>();
    for (let round = 0; round < 3; round++) {
      const client = await rig.client();
      for (let again = 0; again < 2; again++)
        moments.add((await client.query<{ moment: string }>(asked)).rows[0]?.moment);
      await client.end();
    }
    expect(moments.size).toBe(3);
  });
});
