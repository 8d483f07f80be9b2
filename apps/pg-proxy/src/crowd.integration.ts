import { expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { query } from '@medrex/pg-wire';
import { holds } from './testing/proxy-rig.ts';
import { RealRig } from './testing/real-rig.ts';
import { accessOf, WireClient } from './testing/wire-client.ts';

const count = 1_000;
const rounds = 5;
const size = 20;
const counters = 50;

describeReal('POSTGRES', 'a thousand clients at once', (where) => {
  it('share twenty backends: nothing is lost, done twice or left behind, though a tenth of them vanishes', async () => {
    const pool = { mode: 'transaction', size, reserve: 0, waitTimeoutMs: 60_000 };
    const rig = await RealRig.start(where, 'transaction', size, undefined, { pool, clientsMax: count });
    const clients: WireClient[] = [];
    try {
      const table = `${rig.schema}.counters`;
      await rig.direct.query(`create table ${table} as select id, 0 as n from generate_series(1, ${counters}) id`);
      while (clients.length < count) {
        const some = Array.from({ length: 50 }, () => WireClient.open(accessOf(rig.url)));
        clients.push(...some);
        for (const one of some) await one.until('Z I');
      }
      const { pools, clients: inside } = rig.running.proxy.host;
      expect(inside.size).toBe(count);

      let waitingMost = 0;
      const answers = new Map<string, number>();
      const ask = async (client: WireClient, text: string): Promise<void> => {
        const heard = (await client.ask(query(text))).join(' ');
        answers.set(heard, (answers.get(heard) ?? 0) + 1);
        waitingMost = Math.max(waitingMost, pools.totals(0).waiting);
      };
      const work = async (client: WireClient, place: number): Promise<void> => {
        const update = `update ${table} set n = n + 1 where id = ${1 + (place % counters)}`;
        for (let round = 0; round < rounds; round++) {
          await ask(client, 'begin');
          await ask(client, update);
          if (place % 10 === 0 && round === 2) return client.close();
          await ask(client, 'commit');
        }
      };
      await Promise.all(clients.map(work));

      const stay = count * 0.9;
      const committed = stay * rounds + count * 0.1 * 2;
      const begun = committed + count * 0.1;
      expect(Object.fromEntries(answers)).toEqual({
        'C BEGIN Z T': begun,
        'C UPDATE 1 Z T': begun,
        'C COMMIT Z I': committed,
      });
      expect(waitingMost).toBeGreaterThan(count / 2);
      await holds(() => expect(inside.size).toBe(stay));
      const { rows } = await rig.direct.query(`select sum(n)::int as n from ${table}`);
      expect(rows).toEqual([{ n: committed }]);
      await holds(() => {
        const { active, resetting } = pools.totals(0);
        expect(active + resetting).toBe(0);
      });
      expect(pools.backends().length).toBeLessThanOrEqual(size);
    } finally {
      for (const client of clients) client.close();
      await rig.close();
    }
  }, 120_000);
});
