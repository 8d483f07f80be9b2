import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { query } from '@medrex/pg-wire';
import { RealRig } from '../../testing/real-rig.ts';
import { Transcript } from '../../testing/transcript.ts';
import { accessOf, WireClient } from '../../testing/wire-client.ts';

const who = 'select current_user, session_user';
const role = `roles_${process.pid}`;

describeReal('POSTGRES', 'roles', (where) => {
  describe.each(['transaction', 'session'] as const)('in %s mode', (mode) => {
    let rig: RealRig;
    /** Sessions of the second begin with the role. */
    const [plain, withRole] = [`roles_${mode}_${process.pid}`, `begun_${mode}_${process.pid}`];
    let database = plain;
    const clients: WireClient[] = [];
    beforeAll(async () => {
      rig = await RealRig.start(where, mode, 4);
      await rig.direct.query(`create role ${role}`);
      for (const each of [plain, withRole]) await rig.direct.query(`create database ${each}`);
      await rig.direct.query(`alter database ${withRole} set role = ${role}`);
    });
    afterEach(() => {
      for (const client of clients.splice(0)) client.close();
      database = plain;
    });
    afterAll(async () => {
      for (const each of [plain, withRole]) await rig.direct.query(`drop database ${each} with (force)`);
      await rig.direct.query(`drop role ${role}`);
      await rig.close();
    });

    async function opened(href: string, parameters: Readonly<Record<string, string>> = {}): Promise<WireClient> {
      const transcript = new Transcript();
      const wordOf: Transcript['wordOf'] = (...message) => transcript.wordOf(...message);
      const client = await WireClient.in({ ...accessOf(href), database, parameters, wordOf });
      clients.push(client);
      return client;
    }

    /** What one hears that is told all of it, and another one who asks behind it who he is. */
    async function heard(href: string, texts: readonly string[], options?: string): Promise<string[]> {
      const [one, other] = [await opened(href, options === undefined ? {} : { options }), await opened(href)];
      const words: string[] = [];
      for (const text of texts) words.push(...(await one.ask(query(text))));
      return [...words, ...(await other.ask(query(who))), ...(await one.ask(query(who)))];
    }

    it.each([
      [["select set_config('role', '@', false)"]],
      [["select set_config('Role', lower('@'), false)", who, 'reset all', who, 'reset role', who]],
      [["select set_config('session_authorization', '@', false)", who]],
      [["do $$ begin perform set_config('role', '@', false); end $$", who, 'set role none', who]],
    ])('that are set belong to their clients only: %j', async (texts) => {
      const asked = texts.map((text) => text.replaceAll('@', role));
      expect(await heard(rig.url, asked)).toEqual(await heard(where, asked));
    });

    const ofNone: readonly (readonly string[])[] = [
      ['set role none', who, 'show role', 'reset role', who],
      ['begin', 'set role none', 'commit', who, 'set role to default', who],
      ['begin', 'set local role none', who, 'commit', who],
      ['set role none; reset role', who, 'set role none', 'reset all', who],
      ["do $$ begin execute 'set role none'; end $$", who],
      ['set session authorization @', who, 'reset session authorization', who],
    ];

    it.each(ofNone.map((texts) => [texts]))('that the login has said can be put down: %j', async (texts) => {
      const asked = texts.map((text) => text.replaceAll('@', role));
      const options = `-c role=${role}`;
      expect(await heard(rig.url, asked, options)).toEqual(await heard(where, asked, options));
    });

    it.each(ofNone.map((texts) => [texts]))('that sessions begin with can be put down: %j', async (texts) => {
      database = withRole;
      const asked = texts.map((text) => text.replaceAll('@', role));
      expect(await heard(rig.url, asked)).toEqual(await heard(where, asked));
    });
  });
});
