import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { bind, execute, parse, query, sync } from '@medrex/pg-wire';
import { RealRig } from '../../testing/real-rig.ts';
import { accessOf, WireClient } from '../../testing/wire-client.ts';

const prepares = (text: string): Buffer => parse({ name: 'n1', text, parameterTypes: [] });
const runs: readonly Buffer[] = [
  bind({ portal: '', statement: 'n1', parameterFormats: [], parameters: [], resultFormats: [] }),
  execute({ portal: '', rowsMax: 0 }),
];

describeReal('POSTGRES', 'code that deallocates all statements', (where) => {
  describe.each(['transaction', 'statement'] as const)('in %s mode', (mode) => {
    let rig: RealRig;
    const clients: WireClient[] = [];
    beforeAll(async () => {
      rig = await RealRig.start(where, mode, 2);
      await rig.direct.query(`create function ${rig.schema}.deallocating() returns int language plpgsql as
        'begin deallocate all; return 1; end'`);
      await rig.direct.query(`create function ${rig.schema}.told(t text) returns int language plpgsql as
        'begin execute t; return 1; end'`);
    });
    afterEach(() => {
      for (const client of clients.splice(0)) client.close();
    });
    afterAll(() => rig.close());

    async function opened(href: string): Promise<WireClient> {
      const parameters = { options: `-c search_path=${rig.schema}` };
      const client = await WireClient.in({ ...accessOf(href), parameters });
      clients.push(client);
      return client;
    }

    const texts = [
      'select deallocating()',
      "select told('deallocate all')",
      'do $$ begin deallocate all; end $$',
      "select 1; select told('deallocate all'); select 2",
    ];

    it.each(texts)('takes nothing of others away: %s', async (text) => {
      const [one, other] = [await opened(rig.url), await opened(rig.url)];
      const shared = [prepares('select 5'), ...runs, sync()];
      expect(await one.ask(...shared)).toEqual(['1', '2', 'D 5', 'C SELECT 1', 'Z I']);
      // Twice: the code is read behind the first one.
      for (let round = 0; round < 2; round++) {
        await other.ask(query(text));
        expect(await one.ask(...runs, sync())).toEqual(['2', 'D 5', 'C SELECT 1', 'Z I']);
      }
    });

    it.each(texts)('takes all of its own away: %s', async (text) => {
      const heard = async (href: string): Promise<string[]> => {
        const client = await opened(href);
        const words = await client.ask(prepares('select 5'), ...runs, sync());
        words.push(...(await client.ask(query(text))), ...(await client.ask(...runs, sync())));
        words.push(...(await client.ask(prepares('select 6'), ...runs, sync())));
        client.send(query(text), prepares('select 7'), ...runs, sync());
        return [...words, ...(await client.until('Z')), ...(await client.until('Z'))];
      };
      expect(await heard(rig.url)).toEqual(await heard(where));
    });

    it('does not keep the client from using any backend afterwards', async () => {
      const client = await opened(rig.url);
      await client.ask(prepares('select 5'), ...runs, sync());
      for (let round = 0; round < 3; round++) await client.ask(query('select deallocating()'));
      await eventually(() => rig.running.proxy.host.pools.totals(0).pinned === 0);
      expect(await client.ask(prepares('select 6'), ...runs, sync())).toContain('D 6');
    });
  });
});
