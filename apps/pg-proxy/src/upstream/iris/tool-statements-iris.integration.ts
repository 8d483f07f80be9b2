import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { pgjdbcJar } from '@medrex/iris/testing';
import { IrisRig } from '../../testing/iris-rig.ts';
import {
  makeIrisSchema,
  play,
  seriesIn,
  shapeOf,
  toolSeries,
  type Protocol,
  type Shown,
} from '../../testing/tool-series.ts';

const jar = pgjdbcJar();
const beside = 'tools_beside_iris';

/** Tableau tries out whether there may be temporary tables, and learns that there may not. */
const isTrial = ({ asked }: Shown): boolean => asked.includes('#Tableau_');
const trials = ['0A000', '42P01', '0A000', '42P01', '42P01', '42P01'];

describeReal('POSTGRES', 'statements that tools send to a stand-in for IRIS', (where) => {
  if (jar === undefined) {
    it.skip('needs a JDK, and pgjdbc from Maven', () => undefined);
    return;
  }
  let rig: IrisRig;
  beforeAll(async () => {
    rig = await IrisRig.start({ where, jar });
    const { direct } = rig;
    await direct.query(`drop schema if exists ${beside} cascade; create schema ${beside}; set search_path = ${beside}`);
    await makeIrisSchema(direct);
    await makeIrisSchema(await rig.client());
  });
  afterAll(async () => {
    await rig.direct.query(`drop schema ${beside} cascade`);
    await rig.close();
  });

  describe.each(toolSeries())('$tool', (series) => {
    it.each<Protocol>(['simple', 'extended'])(
      'are answered with the shapes of PostgreSQL, in the %s protocol',
      async (protocol) => {
        const direct = await rig.directClient({ options: `-c search_path=${beside}` });
        const expected = await play(direct, await seriesIn(direct, beside, series), protocol);
        await direct.end();
        const client = await rig.client();
        const shown = await play(client, await seriesIn(client, 'public', series), protocol);
        await client.end();
        const shapes = (all: readonly Shown[]): unknown[] => all.filter((each) => !isTrial(each)).map(shapeOf);
        expect(shapes(shown)).toEqual(shapes(expected));
        const tried = shown.filter(isTrial).map(shapeOf);
        expect(tried).toEqual(tried.length === 0 ? [] : trials);
        // Of tables and their columns as many rows come as from PostgreSQL.
        expect(shown.filter(({ rows = [] }) => rows.length > 0).length).toBeGreaterThan(series.statements.length / 4);
      },
    );
  });
});
