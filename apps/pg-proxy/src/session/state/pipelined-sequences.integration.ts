import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { query } from '@medrex/pg-wire';
import { RealRig } from '../../testing/real-rig.ts';
import { accessOf, WireClient } from '../../testing/wire-client.ts';

describeReal('POSTGRES', 'currval behind queries that nobody has waited for', (where) => {
  let rig: RealRig;
  beforeAll(async () => {
    rig = await RealRig.start(where, 'transaction', 1);
    await rig.direct.query(`create sequence ${rig.schema}.counted`);
  });
  afterAll(() => rig.close());

  async function heard(href: string, texts: readonly string[]): Promise<string[]> {
    const parameters = { options: `-c search_path=${rig.schema}` };
    const other = await WireClient.in({ ...accessOf(href), parameters });
    await other.ask(query("select nextval('counted')"));
    other.close();
    const client = await WireClient.in({ ...accessOf(href), parameters });
    client.send(...texts.map((text) => query(text)));
    const words: string[] = [];
    for (let left = texts.length; left > 0; left--) words.push(...(await client.until('Z')));
    client.close();
    return words;
  }

  const asks = "select currval('counted') > 0";
  it.each([
    [["begin; select nextval('counted') > 0", asks, 'rollback', asks]],
    [['begin; select 1/0', asks, 'rollback', 'select 1']],
    [[asks, 'select 1']],
  ])('is answered in its place: %j', async (texts) => {
    expect(await heard(rig.url, texts)).toEqual(await heard(where, texts));
  });
});
