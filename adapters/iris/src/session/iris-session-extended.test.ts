import { afterEach, describe, expect, it } from '@jest/globals';
import { bind, close, describe as describes, execute, query, sync } from '@medrex/pg-wire';
import { SqlFailure } from '@medrex/sql-driver';
import { bound, executed, parsed, patients as rows } from '../testing/patients.ts';
import { SessionRig } from '../testing/session-rig.ts';

let rig: SessionRig;

afterEach(async () => rig.close());

const all = executed();

describe('a session on IRIS in the extended protocol', () => {
  it('describes a statement before it is executed', async () => {
    rig = await SessionRig.start(() => rows);
    const words = await rig.ask(
      parsed('select id, name from patients where id = $1', 'a'),
      describes({ kind: 'statement', name: 'a' }),
      sync(),
    );
    expect(words).toEqual(['1', 't 23', 'T id:23 name:1043', 'Z I']);
    expect(rig.heard()).toEqual([]);
    expect(await rig.ask(bound('a', ['1']), all, sync())).toEqual([
      '2',
      'D 1|Ann',
      'D 2|NULL',
      'D 3|Bob',
      'C SELECT 3',
      'Z I',
    ]);
    expect(rig.heard()).toEqual(['SELECT id, name FROM patients WHERE id = ? (1)']);
  });

  it('describes array parameters by their comparison or cast, and row counts', async () => {
    rig = await SessionRig.start(() => [['1']]);
    const typesOf = async (text: string): Promise<string | undefined> =>
      (await rig.ask(parsed(text), describes({ kind: 'statement', name: '' }), sync()))[1];
    expect(await typesOf('select id from patients where id = any($1) and name = any($2)')).toBe('t 1007 1009');
    expect(await typesOf('select id from patients where name <> all($1::varchar[])')).toBe('t 1015');
    expect(await typesOf('select * from patients limit $1 offset $2::int')).toBe('t 20 23');
    expect(await typesOf('select id from patients where name like any($1)')).toBe('t 1009');
    expect(await typesOf('insert into patients (id, name) select * from unnest($1::int[], $2::text[])')).toBe(
      't 1007 1009',
    );
    const array = bind({
      portal: '',
      statement: '',
      parameterFormats: [1],
      resultFormats: [],
      parameters: [Buffer.from('000000010000000000000019000000010000000100000002412522'.slice(0, 52), 'hex')],
    });
    await rig.ask(parsed('select id from patients where name like any($1)'), array, all, sync());
    expect(rig.heard()).toEqual([expect.stringContaining("LIKE 'A%'")]);
  });

  it('describes statements that set settings, and shows these under the requested names', async () => {
    rig = await SessionRig.start(() => 1);
    const text =
      "select current_setting('jit') as before, set_config('jit', $1, false), set_config('a.b', $2, $3) as own";
    expect(await rig.ask(parsed(text), describes({ kind: 'statement', name: '' }), sync())).toEqual([
      ...['1', 't 25 25 16', 'T before:25 set_config:25 own:25', 'Z I'],
    ]);
    expect(await rig.ask(bound('', ['off', 'c', 't']), all, sync())).toEqual(['2', 'D on|off|c', 'C SELECT 1', 'Z I']);
    expect(
      await rig.ask(query("select pg_catalog.set_config('jit', NULL, false) is null, current_setting('x.y', true)")),
    ).toEqual([...['T ?column?:25 current_setting:25', 'D f|NULL', 'C SELECT 1', 'Z I']]);
    expect(await rig.ask(query('show jit'))).toContain('D on');
    const among = (name: string): Promise<string[]> =>
      rig.ask(query(`select set_config('jit', 'off', false) from pg_show_all_settings() where name = '${name}'`));
    expect(await among('no_such')).toEqual(['T set_config:25', 'C SELECT 0', 'Z I']);
    expect(await rig.ask(query('show jit'))).toContain('D on');
    expect(await among('bytea_output')).toEqual(['T set_config:25', 'D off', 'C SELECT 1', 'Z I']);
  });

  it('translates a statement again if its translation depends on bound values', async () => {
    rig = await SessionRig.start(() => [['An']]);
    const text = 'select left(name, $1) as short from patients where id = $2';
    const described = await rig.ask(parsed(text, 'a'), describes({ kind: 'statement', name: 'a' }), sync());
    expect(described).toEqual(['1', 't 23 23', 'T short:25', 'Z I']);
    const asked = async (...values: readonly (string | null)[]): Promise<string[]> =>
      rig.ask(bound('a', values), describes({ kind: 'portal', name: '' }), all, sync());
    expect(await asked('2', '7')).toEqual(['2', 'T short:25', 'D An', 'C SELECT 1', 'Z I']);
    await asked('3', '8');
    expect(rig.heard()).toEqual([
      'SELECT LEFT(name, 2) AS short FROM patients WHERE id = ? (7)',
      'SELECT LEFT(name, 3) AS short FROM patients WHERE id = ? (8)',
    ]);
    expect(await asked(null, '7')).toEqual([
      'E ERROR 0A000 left with a count that is not a constant cannot be translated to IRIS SQL',
      'Z I',
    ]);
    expect(await asked('2')).toContainEqual(expect.stringMatching(/^E ERROR 08P01 bind message supplies 1 parameters/));
    expect(rig.heard()).toEqual([]);
  });

  it('translates a statement again if a bound array contains NULL, which IRIS lists cannot', async () => {
    rig = await SessionRig.start(() => [['1']]);
    await rig.ask(parsed('select id from patients where id = any($1)', 'a'), sync());
    for (const array of ['{1,2}', '{1,null}']) await rig.ask(bound('a', [array]), all, sync());
    expect(rig.heard()).toEqual([
      'SELECT id FROM patients WHERE id %INLIST ? ([1,2])',
      'SELECT id FROM patients WHERE id IN (1, NULL)',
    ]);
  });

  it('reads bound values that a translation depends on in binary format too', async () => {
    rig = await SessionRig.start(() => [['An']]);
    const three = bind({
      portal: '',
      statement: '',
      parameterFormats: [1],
      resultFormats: [],
      parameters: [Buffer.from([0, 0, 0, 3])],
    });
    await rig.ask(parsed('select left(name, $1) from patients'), three, all, sync());
    expect(rig.heard()).toEqual(['SELECT LEFT(name, 3) FROM patients']);
  });

  it('takes a setting as local if a parameter says so', async () => {
    rig = await SessionRig.start(() => 1);
    const set = [parsed('select set_config($1, $2, $3)'), bound('', ['application_name', 'y', 'true'])];
    await rig.ask(query('begin'));
    expect(await rig.ask(...set, all, sync())).toContain('D y');
    await rig.ask(query('commit'));
    expect(await rig.ask(query('show application_name'))).not.toContain('D y');
  });

  it('returns values in binary format on request', async () => {
    rig = await SessionRig.start(() => [['258', 'é']]);
    const words = await rig.ask(
      parsed('select id, name from patients'),
      bound('', [], '', [1, 0]),
      describes({ kind: 'portal', name: '' }),
      all,
      sync(),
    );
    expect(words).toEqual(['1', '2', 'T id:23b name:1043', 'D \u0000\u0000\u0001\u0002|Ã©', 'C SELECT 1', 'Z I']);
  });

  it('suspends a portal at the row limit, and resumes it', async () => {
    rig = await SessionRig.start(() => rows);
    const two = execute({ portal: 'p', rowsMax: 2 });
    const words = await rig.ask(parsed('select id, name from patients'), bound('', [], 'p'), two, two, two, sync());
    expect(words).toEqual(['1', '2', 'D 1|Ann', 'D 2|NULL', 's', 'D 3|Bob', 'C SELECT 1', 'C SELECT 0', 'Z I']);
    expect(rig.heard()).toEqual(['begin read committed', 'SELECT id, name FROM patients', 'commit']);
  });

  it('closes the cursor of a suspended portal when its transaction ends', async () => {
    rig = await SessionRig.start(() => rows);
    await rig.ask(
      parsed('select id, name from patients'),
      bound('', [], 'p'),
      execute({ portal: 'p', rowsMax: 1 }),
      sync(),
    );
    expect(rig.heard()).toEqual(['SELECT id, name FROM patients', 'close cursor'].slice(0, 2));
    expect((await rig.ask(execute({ portal: 'p', rowsMax: 1 }), sync()))[0]).toContain('34000');
  });

  it('runs several statements before a Sync as one transaction', async () => {
    rig = await SessionRig.start((sql) => (sql.startsWith('UPDATE') ? new SqlFailure('no', { sqlcode: -104 }) : 1));
    const del = [parsed('delete from patients'), bound('', []), all];
    const words = await rig.ask(...del, parsed('update patients set id = 1'), bound('', []), all, ...del, sync());
    expect(words).toEqual(['1', '2', 'C DELETE 1', '1', '2', 'E ERROR 22000 no', 'Z I']);
    expect(rig.heard()).toEqual([
      'begin read committed',
      'DELETE FROM patients',
      'UPDATE patients SET id = 1',
      'rollback',
    ]);
    expect(await rig.ask(...del, sync())).toEqual(['1', '2', 'C DELETE 1', 'Z I']);
    expect(rig.heard()).toEqual(['DELETE FROM patients']);
  });

  it('orders parameters as in the IRIS statement, inlines counts, and passes NULL', async () => {
    rig = await SessionRig.start(() => rows);
    const text = 'select id, name from patients where id > $2 and (name = $1 or name = $1) limit $3';
    await rig.ask(parsed(text), bound('', ['Ann', '5', '10']), all, sync());
    expect(rig.heard()[0]).toMatch(/LIMIT 10 \(5, Ann, Ann\)$/);
    await rig.ask(parsed(text), bound('', [null, '5', null]), all, sync());
    expect(rig.heard()[0]).toMatch(/LIMIT 2147483647 \(5, NULL, NULL\)$/);
    expect((await rig.ask(parsed(text), bound('', ['Ann', '5', '-1']), all, sync()))[2]).toContain('E ERROR 2201W');
  });

  it('refuses fewer parameters than there are', async () => {
    rig = await SessionRig.start(() => rows);
    const words = await rig.ask(
      parsed('select id from patients where id > $1 limit $2', 'p'),
      bound('p', ['5']),
      sync(),
    );
    expect(words).toEqual([
      '1',
      'E ERROR 08P01 bind message supplies 1 parameters, but prepared statement "p" requires 2',
      'Z I',
    ]);
  });

  it('refuses an invalid value, which IRIS would take for 0', async () => {
    rig = await SessionRig.start(() => rows);
    const words = await rig.ask(parsed('select id from patients where id = $1'), bound('', ['one']), all, sync());
    expect(words[2]).toBe('E ERROR 22P02 invalid input syntax for type integer: "one"');
    expect(rig.heard()).toEqual([]);
  });

  it('finds statements and portals by name, and closes them', async () => {
    rig = await SessionRig.start(() => rows);
    await rig.ask(parsed('select id, name from patients', 'a'), sync());
    expect((await rig.ask(parsed('select id from patients', 'a'), sync()))[0]).toContain('42P05');
    await rig.ask(close({ kind: 'statement', name: 'a' }), sync());
    expect((await rig.ask(bound('a', []), sync()))[0]).toContain('26000');
    expect((await rig.ask(parsed('select 1; select 2'), sync()))[0]).toContain('42601');
    expect(await rig.ask(parsed(''), bound('', []), all, sync())).toEqual(['1', '2', 'I', 'Z I']);
  });
});
