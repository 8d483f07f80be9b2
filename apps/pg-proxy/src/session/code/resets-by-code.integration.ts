import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { parse, query, sync } from '@medrex/pg-wire';
import { RealRig } from '../../testing/real-rig.ts';
import { Transcript } from '../../testing/transcript.ts';
import { accessOf, WireClient } from '../../testing/wire-client.ts';

const prepared = [parse({ name: 'back', text: 'reset work_mem', parameterTypes: [] }), sync()];

describeReal('POSTGRES', 'RESET within code', (where) => {
  let rig: RealRig;
  beforeAll(async () => {
    rig = await RealRig.start(where, 'transaction', 2);
  });
  afterAll(() => rig.close());

  /** What a client hears that has come with settings of its own, and goes from backend to backend. */
  async function heard(href: string, steps: readonly (readonly Buffer[])[]): Promise<unknown> {
    const transcript = new Transcript();
    const parameters = { options: '-c work_mem=3MB -c DateStyle=German -c app.tenant=4' };
    const wordOf: Transcript['wordOf'] = (...message) => transcript.wordOf(...message);
    const client = await WireClient.in({ ...accessOf(href), parameters, wordOf });
    const words: string[] = [];
    for (const messages of steps) words.push(...(await client.ask(...messages)));
    for (let round = 0; round < 2; round++) {
      // In the place of the other one.
      const between = await WireClient.in({ ...accessOf(href), parameters });
      await between.ask(query('begin'));
      words.push(...(await client.ask(query('show work_mem; show datestyle; show app.tenant'))));
      between.close();
    }
    client.close();
    return { words, parameters: transcript.parameters };
  }

  it.each<readonly [string, ...(readonly (readonly Buffer[])[])]>([
    ['DO', [query('do $$ begin reset work_mem; end $$')]],
    ['what the client has set', [query("set work_mem to '9MB'")], [query('do $$ begin reset work_mem; end $$')]],
    ['a text that it is told', [query("do $$ begin execute 'reset work_mem'; end $$; select 1")]],
    ['what a server tells', [query("set datestyle to 'ISO, MDY'")], [query('do $$ begin reset datestyle; end $$')]],
    ['what the protocol has prepared', [query("set work_mem to '9MB'")], prepared, [query('execute back')]],
    ['a tenant that is taken away', [query("do $$ begin perform set_config('app.tenant', '', false); end $$")]],
  ])('returns to the settings of the startup packet: %s', async (_, ...steps) => {
    expect(await heard(rig.url, steps)).toEqual(await heard(where, steps));
  });
});
