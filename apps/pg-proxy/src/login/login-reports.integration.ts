import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { query } from '@medrex/pg-wire';
import { RealRig } from '../testing/real-rig.ts';
import { Transcript } from '../testing/transcript.ts';
import { accessOf, WireClient } from '../testing/wire-client.ts';

const names = ['DateStyle', 'IntervalStyle'] as const;
type Styles = readonly (string | undefined)[];

describeReal('POSTGRES', 'the parameters that sessions of a database start with', (where) => {
  describe.each(['transaction', 'session'] as const)('in %s mode', (mode) => {
    const database = `reports_${mode}_${process.pid}`;
    let rig: RealRig;
    beforeAll(async () => {
      rig = await RealRig.start(where, mode, 4);
      await rig.direct.query(`create database ${database}`);
    });
    afterAll(async () => {
      await rig.direct.query(`drop database ${database} with (force)`);
      await rig.close();
    });

    async function enter(parameters: Readonly<Record<string, string>> = {}): Promise<{
      /** As it was told. */
      readonly told: () => Styles;
      /** As they are. */
      readonly asked: () => Promise<Styles>;
    }> {
      const transcript = new Transcript();
      const wordOf: Transcript['wordOf'] = (...message) => transcript.wordOf(...message);
      const client = await WireClient.in({ ...accessOf(rig.url), database, parameters, wordOf });
      const told = (): Styles => names.map((name) => transcript.parameters.get(name));
      const asked = async (): Promise<Styles> => {
        const shown = names.map((name) => `current_setting('${name}')`).join(" || '|' || ");
        const words = await client.ask(query(`select ${shown}`));
        return (
          words
            .find((word) => word.startsWith('D'))
            ?.slice(2)
            .split('|') ?? []
        );
      };
      return { told, asked };
    }

    it('may change: clients that get a new backend are told, and so are new clients', async () => {
      const [one, own] = [await enter(), await enter({ intervalstyle: 'sql_standard' })];
      const isKept = mode === 'session';
      for (const client of [one, own]) expect(client.told()).toEqual(await client.asked());
      const before = one.told();
      await rig.direct.query(`alter database ${database} set datestyle = 'German'`);
      await rig.direct.query(`alter database ${database} set intervalstyle = 'iso_8601'`);
      rig.running.proxy.host.pools.reconnect({}, rig.running.proxy.host.now());
      for (const client of [one, own]) expect(await client.asked()).toEqual(client.told());
      expect(one.told()).toEqual(isKept ? before : ['German, DMY', 'iso_8601']);
      expect(own.told()).toEqual([isKept ? before[0] : 'German, DMY', 'sql_standard']);
      const late = await enter();
      expect(late.told()).toEqual(['German, DMY', 'iso_8601']);
    });
  });
});
