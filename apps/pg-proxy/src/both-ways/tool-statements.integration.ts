import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import type pg from 'pg';
import { RealRig } from '../testing/real-rig.ts';
import { makeToolSchema, play, seriesIn, toolSeries, type Protocol, type Shown } from '../testing/tool-series.ts';

/** What fails on a direct connection, too: objects that do not exist, and features that a tool probes. */
const failures: Readonly<Record<string, readonly string[]>> = {
  'Grafana, PostgreSQL data source': ['42703', '42P01'],
  'Tableau Desktop': ['34000'],
};

describeReal('POSTGRES', 'statements that tools send', (where) => {
  let rig: RealRig;
  let other: pg.Client;
  let isBusy = false;
  beforeAll(async () => {
    rig = await RealRig.start(where, 'transaction', 4);
    const maker = await rig.directClient();
    await makeToolSchema(maker);
    other = await rig.client();
  });
  afterAll(() => rig.close());
  /** Makes the next statement run on another backend. */
  const shuffle = async (): Promise<void> => {
    await other.query(isBusy ? 'commit' : 'begin; select 1');
    isBusy = !isBusy;
  };

  describe.each(toolSeries())('$tool', (series) => {
    it.each<Protocol>(['simple', 'extended'])(
      'are answered as on a direct connection, in the %s protocol',
      async (protocol) => {
        const own = await seriesIn(rig.direct, rig.schema, series);
        const direct = await rig.directClient();
        const expected = await play(direct, own, protocol);
        await direct.end();
        const client = await rig.client();
        const shown: Shown[] = await play(client, own, protocol, shuffle);
        await client.end();
        expect(shown).toEqual(expected);
        // Several statements in one text need the simple protocol.
        const failed = expected.flatMap(({ error }) => (error === undefined ? [] : [error['code']]));
        if (protocol === 'simple') expect(failed).toEqual(failures[series.tool] ?? []);
        expect(expected.filter(({ rows = [] }) => rows.length > 0).length).toBeGreaterThan(own.statements.length / 4);
      },
    );
  });
});
