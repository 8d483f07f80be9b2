import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { backend as from, bind, execute, parse, query, sync } from '@medrex/pg-wire';
import { RealRig } from '../../testing/real-rig.ts';
import { Transcript } from '../../testing/transcript.ts';
import { accessOf, WireClient } from '../../testing/wire-client.ts';

const run = (text: string): Buffer[] => [
  parse({ name: '', text, parameterTypes: [] }),
  bind({ portal: '', statement: '', parameterFormats: [], parameters: [], resultFormats: [] }),
  execute({ portal: '', rowsMax: 0 }),
];

const texts: readonly string[] = [
  'set local work_mem to default',
  'reset work_mem; show work_mem',
  "set work_mem to '5MB'; reset work_mem; show work_mem; select 1/0",
  "reset work_mem; set work_mem to '5MB'; show work_mem",
  "begin; set local work_mem to '9MB'; set local work_mem to default; show work_mem; commit; show work_mem",
  "set search_path to c; reset all; show search_path; show work_mem; select date '2020-02-03'",
  "set datestyle to iso; set datestyle to default; select 'ä', date '2020-02-03'; select nosuch",
  "begin; set work_mem to '9MB'; savepoint a; reset work_mem; rollback to a; show work_mem; rollback; show work_mem",
  'select 1; reset role; select current_user; set role none; reset all; select current_user',
  'set role none; select current_user; reset role; select current_user; set role none',
  "select set_config('role', 'pg_read_all_stats', false); reset role; select current_user",
  "do $$ begin perform set_config('role', 'pg_read_all_stats', false); end $$; reset role; select current_user",
  "do $$ begin perform set_config('role', 'none', false); end $$; select current_user",
  "select set_config('role', 'pg_read_all_stats', false); set role none; select current_user",
  "select set_config('role', 'pg_read_all_stats', false); reset all; select current_user",
  'set role none; set session authorization default; select current_user; begin; set role none; set local role to default; select current_user',
  'set session authorization pg_read_all_stats; select current_user; reset session authorization; select current_user',
];

describeReal('POSTGRES', 'RESET of what a login has said', (where) => {
  describe.each(['transaction', 'session'] as const)('in %s mode', (mode) => {
    let rig: RealRig;
    beforeAll(async () => {
      rig = await RealRig.start(where, mode, 4);
    });
    afterAll(() => rig.close());

    /** The same, where each of them is answered by itself. */
    const each = (href: string, messages: readonly Buffer[]): Promise<unknown> => heard(href, messages, 'ä,b', true);
    /** What a client with settings of its own hears. */
    const heard = async (href: string, messages: readonly Buffer[], path = 'ä,b', isEach = false): Promise<unknown> => {
      const transcript = new Transcript();
      const options = `-c work_mem=3MB -c search_path=${path} -c DateStyle=German -c role=pg_monitor`;
      const client = await WireClient.in({
        ...accessOf(href),
        minor: 0,
        parameters: { options },
        wordOf: (...message) => transcript.wordOf(...message),
      });
      const words: string[] = [];
      for (const one of isEach ? messages : [Buffer.concat(messages)]) words.push(...(await client.ask(one)));
      words.push(...(await client.ask(query('show work_mem; show search_path; show datestyle; show role'))));
      client.close();
      return { words, parameters: transcript.parameters };
    };

    it.each(texts)('goes back there within a text: %s', async (text) => {
      expect(await heard(rig.url, [query(text)])).toEqual(await heard(where, [query(text)]));
    });

    /** Which parameters a client is told, in no order. */
    const told = async (href: string, messages: readonly Buffer[]): Promise<string[]> => {
      const client = await WireClient.in({
        ...accessOf(href),
        minor: 0,
        parameters: { options: '-c DateStyle=German', application_name: 'a', TimeZone: 'Asia/Tokyo' },
        wordOf: (type, message) =>
          type === from.parameterStatus || type === from.readyForQuery
            ? message.toString('latin1').replace(/^(.).{4}/s, '$1 ')
            : undefined,
      });
      const words: string[] = [];
      for (const one of messages) {
        client.send(one);
        words.push(...(await client.until('Z')));
      }
      client.close();
      return words.sort();
    };

    it.each([
      [query('discard all')],
      [Buffer.concat([...run('discard all'), sync()]), query('select 1')],
      [query("set datestyle to iso; set application_name to 'b'"), query('discard all'), query('select 1')],
      [query('set time zone local'), query('set time zone /* */ local; select 1')],
      [query('discard all'), query("set datestyle to 'ISO, MDY'"), query('discard all'), query('select 1')],
    ])('tells of no parameter that is what it was (%#)', async (...messages) => {
      expect(await told(rig.url, messages)).toEqual(await told(where, messages));
    });

    it("is warned of outside of a block, also where the backend was another client's before", async () => {
      const heardBy = async (href: string): Promise<string[]> => {
        const options = { options: '-c work_mem=3MB' };
        const client = await WireClient.in({ ...accessOf(href), minor: 0, parameters: options });
        const other = await WireClient.in({ ...accessOf(href), minor: 0 });
        await other.ask(query('select 1'));
        const words = await client.ask(query('set local work_mem to default'));
        for (const each of [client, other]) each.close();
        return words;
      };
      const direct = await heardBy(where);
      expect(direct).toHaveLength(3);
      expect(await heardBy(rig.url)).toEqual(direct);
    });

    it('goes back there behind a text of another encoding', async () => {
      const text = "select 'ä', 'ö'; reset work_mem; select 'ü'; reset datestyle";
      const asked = [query("set client_encoding to 'latin1'"), query(text, 'latin1'), query('show work_mem')];
      const [ours, theirs] = [await each(rig.url, asked), await each(where, asked)];
      expect(ours).toEqual(theirs);
    });

    it('goes back there within a pipeline', async () => {
      const asked = ["set work_mem to '9MB'", 'reset all', 'show work_mem', 'set datestyle to default', 'select 1/0'];
      const messages = [...asked.flatMap(run), sync()];
      expect(await heard(rig.url, messages)).toEqual(await heard(where, messages));
    });

    it.each([
      [query('reset work_mem; set transaction isolation level serializable; show transaction_isolation')],
      [query('begin; reset all; set transaction isolation level serializable; show transaction_isolation; rollback')],
      [
        ...['begin', 'reset all', 'set transaction read only', 'show transaction_read_only', 'rollback'].flatMap(run),
        sync(),
      ],
    ])('is no query, behind which a transaction can no longer be set (%#)', async (...messages) => {
      const path = String.raw`a,\ public`;
      expect(await heard(rig.url, messages, path)).toEqual(await heard(where, messages, path));
    });
  });
});
