import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { spawnSync } from 'node:child_process';
import { RealRig, run } from '../testing/real-rig.ts';
import { viewNames } from './show.ts';

const isThere = spawnSync('psql', ['--version']).status === 0;

/** As Grafana's PostgreSQL source looks up tables and columns for its editor. */
const searched = `quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END
  FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1),
    array_upper(string_to_array(current_setting('search_path'),','),1)) as i, string_to_array(current_setting('search_path'),',') s)`;
const columnsOf = (table: string): string => `SELECT quote_ident(column_name) AS "column", data_type AS "type"
  FROM information_schema.columns WHERE CASE WHEN array_length(parse_ident('${table}'),1) = 2
  THEN quote_ident(table_schema) = (parse_ident('${table}'))[1] AND quote_ident(table_name) = (parse_ident('${table}'))[2]
  ELSE quote_ident(table_name) = '${table}' AND ${searched} END`;

describeReal('POSTGRES', "psql and Grafana at the proxy's tables", (where) => {
  let rig: RealRig;
  let url: string;
  beforeAll(async () => {
    const user = decodeURIComponent(new URL(where).username);
    rig = await RealRig.start(where, 'transaction', 2, undefined, { admin: { users: [user] } });
    const console = new URL(rig.url);
    console.pathname = '/pgbouncer';
    url = console.href;
  });
  afterAll(() => rig.close());

  const psql = async (command: string): Promise<string> => {
    const ended = await run('psql', ['-X', '-At', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', command]);
    expect(ended).toMatchObject({ code: 0 });
    return ended!.out.trim();
  };

  (isThere ? it : it.skip).each([
    ['\\d', /medrex\|pools\|view\|/],
    ['\\d medrex.pools', /^database\|text\|\|\|\nuser_name\|text\|\|\|\ncl_active\|integer/],
    ['\\d+ pools', /paused\|boolean/],
    ['\\dv medrex.p*', /^(?:medrex\|p\w+\|view\|.*\n)*medrex\|pools\|view\|.*\nmedrex\|profile\|view\|[^\n]*$/],
    ['\\dv+', /medrex\|pools\|view\|.*\|permanent\|0 bytes/],
    ['\\dn+', /^medrex\|/],
    ['\\l+', /^pgbouncer\|.*\|0 bytes\|pg_default\|/],
    ['\\db+', /^pg_default\|.*\|0 bytes\|/],
    ['\\l', /^pgbouncer\|.*\|UTF8\|/],
    ['\\du', /\S/],
    ['\\z', /medrex\|pools\|view/],
    ...['\\dt', '\\di', '\\ds', '\\dm', '\\df', '\\dT', '\\dx'].map((each) => [each, /^(?:Did not find.*)?$/] as const),
  ] as [string, RegExp][])('psql shows %s', async (command, expected) => {
    expect(await psql(command)).toMatch(expected);
  });

  it('SHOW SERVERS names the prepared statements as the client does', async () => {
    // The console is there by the name of the server's own database, too.
    const elsewhere = new URL(rig.url);
    elsewhere.pathname = '/postgres';
    const client = await rig.client({ connectionString: elsewhere.href, application_name: 'ward 3', options: '' });
    await client.query('begin; select 1');
    const console = await rig.client({ connectionString: url, options: '' });
    const { rows } = await console.query<{ state: string; application_name: string }>('SHOW SERVERS');
    expect(rows).toContainEqual(expect.objectContaining({ state: 'active', application_name: 'ward 3' }));
    await client.query('rollback');
  });

  it('Grafana finds tables, their columns and the version', async () => {
    const client = await rig.client({ connectionString: url, options: '' });
    const rows = async (text: string) => (await client.query(text)).rows as Record<string, unknown>[];
    const listed = await rows(`SELECT CASE WHEN ${searched} THEN quote_ident(table_name)
      ELSE quote_ident(table_schema) || '.' || quote_ident(table_name) END AS "table" FROM information_schema.tables
      WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog') ORDER BY CASE WHEN ${searched} THEN 0 ELSE 1 END, 1`);
    expect(listed.map(({ table }) => table)).toEqual([...viewNames].sort());
    for (const name of ['pools', 'medrex.pools'])
      expect((await rows(columnsOf(name))).slice(0, 3)).toEqual([
        { column: 'database', type: 'text' },
        { column: 'user_name', type: 'text' },
        { column: 'cl_active', type: 'integer' },
      ]);
    expect(await rows("SELECT current_setting('server_version_num')::int/100 as version")).toEqual([{ version: 1500 }]);
    expect(await rows("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")).toEqual([]);
  });
});
