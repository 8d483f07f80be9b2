import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import pg from 'pg';
import { RealRig } from '../../testing/real-rig.ts';

describeReal('POSTGRES', 'settings that a server only takes from a startup packet', (where) => {
  describe.each(['transaction', 'session'] as const)('in %s mode', (mode) => {
    let rig: RealRig;
    beforeAll(async () => {
      rig = await RealRig.start(where, mode, 4);
    });
    afterAll(() => rig.close());

    const shown = async (client: pg.Client, setting: string): Promise<string> => {
      const { rows } = await client.query<Record<string, string>>(`show ${setting}`);
      return rows[0]![setting]!;
    };
    const refusal = async (connectionString: string, options: string): Promise<unknown> => {
      const client = new pg.Client({ connectionString, options });
      client.on('error', () => undefined);
      const told = await client.connect().then(
        () => 'nothing',
        (error: unknown) => error,
      );
      await client.end().catch(() => undefined);
      const { severity, code, message, hint } = told as pg.DatabaseError;
      return { severity, code, message, hint };
    };

    it.each([
      ['-P', 'ignore_system_indexes', 'on'],
      ['-W 1', 'post_auth_delay', '1s'],
      ['-c log_disconnections=on', 'log_disconnections', 'on'],
      ['-c temp_tablespaces=nosuch', 'temp_tablespaces', 'nosuch'],
      ['-c session_preload_libraries=auto_explain', 'auto_explain.log_nested_statements', 'off'],
    ])('include %s, which stays until its client leaves', async (options, setting, value) => {
      const client = await rig.client({ options: `${options} -c work_mem=7MB` });
      expect(await shown(client, setting)).toBe(value);
      await client.query('create temp table t (a int)');
      await client.query("set work_mem to '8MB'");
      await client.query('discard all');
      expect([await shown(client, setting), await shown(client, 'work_mem')]).toEqual([value, '7MB']);
      await client.query('begin; reset all; commit');
      expect([await shown(client, setting), await shown(client, 'work_mem')]).toEqual([value, '7MB']);
      await client.end();
    });

    it.each(['-c session_authorization=pg_monitor', '-c session_authorization=pg_monitor -c role=pg_read_all_data'])(
      'do not change who has logged in: %s',
      async (options) => {
        const whoIs = async (client: pg.Client): Promise<unknown[]> => {
          const answers: unknown[] = [];
          for (const text of ['select 1', 'reset session authorization', 'discard all']) {
            await client.query(text);
            answers.push(await shown(client, 'session_authorization'), await shown(client, 'role'));
          }
          await client.end();
          return answers;
        };
        const direct = await whoIs(await rig.directClient({ options }));
        expect(await whoIs(await rig.client({ options }))).toEqual(direct);
      },
    );

    it('belong to their client only, even if several come with them at once', async () => {
      const options = '-P';
      const three = await Promise.all([rig.client({ options }), rig.client({ options }), rig.client()]);
      const all = await Promise.all(three.map((client) => shown(client, 'ignore_system_indexes')));
      expect(all).toEqual(['on', 'on', 'off']);
      await Promise.all(three.map((client) => client.end()));
      const clients = await Promise.all([rig.client(), rig.client(), rig.client(), rig.client()]);
      for (const client of clients) {
        expect(await shown(client, 'ignore_system_indexes')).toBe('off');
        await client.end();
      }
    });

    it.each([
      '-c nosuch=1',
      '-c shared_buffers=5',
      '-c max_connections=x',
      '-c session_preload_libraries=nosuch',
      '-c session_authorization=nosuch',
    ])('are refused in the words of the server if a new process does not take them either: %s', async (options) => {
      expect(await refusal(rig.url, options)).toEqual(await refusal(where, options));
      const client = await rig.client();
      expect(await client.query('select 1 as a')).toMatchObject({ rows: [{ a: 1 }] });
      await client.end();
    });
  });
});
