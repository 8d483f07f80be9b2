import { afterEach, describe, expect, it } from '@jest/globals';
import { copyData, copyDone, copyFail, describe as describes, query, sync } from '@medrex/pg-wire';
import { SqlFailure } from '@medrex/sql-driver';
import { bound, executed, parsed, patients as rows } from '../testing/patients.ts';
import { SessionRig } from '../testing/session-rig.ts';

let rig: SessionRig;

afterEach(async () => rig.close());

const all = executed();

describe('a session on IRIS in the simple protocol', () => {
  it('sends the translation, and answers with the types of the tables', async () => {
    rig = await SessionRig.start(() => rows);
    expect(await rig.ask(query("select id, name from patients where name = 'x' limit 3"))).toEqual([
      'T id:23 name:1043',
      'D 1|Ann',
      'D 2|NULL',
      'D 3|Bob',
      'C SELECT 3',
      'Z I',
    ]);
    expect(rig.heard()).toEqual(["SELECT id, name FROM patients WHERE %EXACT(name) = 'x' LIMIT 3"]);
  });

  it('refuses parameters', async () => {
    rig = await SessionRig.start(() => rows);
    expect(await rig.ask(query('select id from patients where name = $2 or id = $1'))).toEqual([
      'E ERROR 42P02 there is no parameter $2',
      'Z I',
    ]);
    expect(rig.heard()).toEqual([]);
  });

  it('notices changes of the tables by others without a new connection', async () => {
    let nowMs = 0;
    const columns = [['SQLUser', 'wards', 'id', 'integer', null, null, null, 'NO', 'NO', 'EXACT']];
    const tables = (): Record<string, (string | null)[][]> => ({
      TABLES: [['SQLUser', 'wards', 'BASE TABLE']],
      COLUMNS: columns,
    });
    rig = await SessionRig.start(() => [], { now: () => nowMs }, tables);
    const asked = async (text: string): Promise<unknown> => (await rig.ask(query(text)), rig.heard().at(-1));
    const byName = "select id from wards where name = 'x'";
    expect(await asked(byName)).toBe("SELECT id FROM wards WHERE %EXACT(name) = 'x'");
    columns.push(['SQLUser', 'wards', 'name', 'varchar', '50', null, null, 'YES', 'NO', 'EXACT']);
    nowMs = 59_999;
    expect(await asked(byName)).toBe("SELECT id FROM wards WHERE %EXACT(name) = 'x'");
    nowMs = 60_000;
    expect(await asked(byName)).toBe("SELECT id FROM wards WHERE name = 'x'");
  });

  it('reads the tables at once for an unknown one, and not again soon', async () => {
    let nowMs = 10_000;
    const names = ['wards'];
    const column = (table: string): (string | null)[] => [
      'SQLUser',
      table,
      'id',
      'integer',
      null,
      null,
      null,
      'NO',
      'NO',
      'EXACT',
    ];
    rig = await SessionRig.start(
      () => [],
      { now: () => nowMs },
      () => ({
        TABLES: names.map((name) => ['SQLUser', name, 'BASE TABLE']),
        COLUMNS: names.map(column),
      }),
    );
    const columnsOf = async (text: string): Promise<unknown> =>
      (await rig.ask(parsed(text), describes({ kind: 'statement', name: '' }), sync())).at(-2);
    names.push('beds');
    nowMs += 5_000;
    expect(await columnsOf('select max(id) from beds')).toBe('T max:23');
    names.push('rooms');
    expect(await rig.ask(query('select max(id) from rooms'))).toContainEqual(
      expect.stringMatching(/^E ERROR 0A000 max of something of unknown type/),
    );
  });

  it('orders texts that IRIS has concatenated in any order', async () => {
    rig = await SessionRig.start(() => [['10:c\u001e2:b, x\u001e1:\u001e3:3:d'], [null]]);
    const text = "select string_agg(name, ' | ' order by id) from patients";
    expect((await rig.ask(query(text))).slice(1, 3)).toEqual(['D  | b, x | 3:d | c', 'D NULL']);
    expect(await rig.ask(query(`copy (${text}) to stdout`))).toContain('d  | b, x | 3:d | c');
    const cursor = await rig.ask(query(`begin; declare c cursor for ${text}; fetch c`));
    expect(cursor).toContain('D  | b, x | 3:d | c');
  });

  it('computes the age of two timestamps', async () => {
    rig = await SessionRig.start(() => [
      ['2024-03-31|2024-02-29 10:00:00'],
      ['2024-02-29|2024-03-31 00:00:00.25'],
      [null],
    ]);
    const text = "select age(date '2024-03-31', timestamp '2024-02-29 10:00:00') from patients";
    expect(await rig.ask(query(text))).toEqual([
      'T age:1186',
      ...['D 1 mon 1 day 14:00:00', 'D -1 mons -2 days -00:00:00.25', 'D NULL', 'C SELECT 3', 'Z I'],
    ]);
    const [, , first] = await rig.ask(parsed(text), bound('', [], '', [1]), all, sync());
    const micros = 14 * 3_600 * 1_000_000;
    const binary = Buffer.alloc(16);
    binary.writeBigInt64BE(BigInt(micros));
    binary.writeInt32BE(1, 8);
    binary.writeInt32BE(1, 12);
    expect(first).toBe(`D ${binary.toString('latin1')}`);
  });

  it('returns BIT as boolean', async () => {
    rig = await SessionRig.start(() => [['1'], ['0'], [null]]);
    expect(await rig.ask(query('select active from patients'))).toEqual([
      'T active:16',
      'D t',
      'D f',
      'D NULL',
      'C SELECT 3',
      'Z I',
    ]);
  });

  it('runs several statements as one transaction, and a single one without', async () => {
    rig = await SessionRig.start(() => 1);
    await rig.ask(query('update patients set name = null'));
    expect(rig.heard()).toEqual(['UPDATE patients SET name = NULL']);
    expect(await rig.ask(query('delete from patients; update patients set name = null'))).toEqual([
      'C DELETE 1',
      'C UPDATE 1',
      'Z I',
    ]);
    expect(rig.heard()).toEqual([
      'begin read committed',
      'DELETE FROM patients',
      'UPDATE patients SET name = NULL',
      'commit',
    ]);
  });

  it('rolls all of them back when one fails, and maps the SQLCODE to an SQLSTATE', async () => {
    rig = await SessionRig.start((sql) => (sql.startsWith('UPDATE') ? new SqlFailure('no', { sqlcode: -119 }) : 1));
    const words = await rig.ask(query('delete from patients; update patients set id = 1; delete from patients'));
    expect(words).toEqual(['C DELETE 1', 'E ERROR 23505 no', 'Z I']);
    expect(rig.heard()).toEqual([
      'begin read committed',
      'DELETE FROM patients',
      'UPDATE patients SET id = 1',
      'rollback',
    ]);
  });

  it('accepts SET ROLE NONE, and refuses another role', async () => {
    rig = await SessionRig.start(() => []);
    expect(await rig.ask(query('set role none'))).toEqual(['C SET', 'Z I']);
    expect((await rig.ask(query('set role nurse')))[0]).toBe('E ERROR 0A000 SET ROLE is not supported on IRIS');
  });

  it('refuses all statements in a failed transaction except its end', async () => {
    rig = await SessionRig.start((sql) => (sql.startsWith('DELETE') ? new SqlFailure('[SQLCODE: <-30>] no') : 1));
    expect(await rig.ask(query('begin'))).toEqual(['C BEGIN', 'Z T']);
    expect(await rig.ask(query('delete from patients'))).toEqual(['E ERROR 42P01 [SQLCODE: <-30>] no', 'Z E']);
    expect((await rig.ask(query('select 1')))[0]).toContain('25P02');
    expect(await rig.ask(query('commit'))).toEqual(['C ROLLBACK', 'Z I']);
    expect(rig.heard()).toEqual(['begin read committed', 'DELETE FROM patients', 'rollback']);
  });

  it('rolls back to a savepoint in a failed transaction', async () => {
    rig = await SessionRig.start((sql) => (sql.startsWith('DELETE') ? new SqlFailure('no', { sqlcode: -110 }) : 0));
    await rig.ask(query('begin'));
    await rig.ask(query('savepoint a'));
    await rig.ask(query('delete from patients'));
    expect(await rig.ask(query('rollback to savepoint a'))).toEqual(['C ROLLBACK', 'Z T']);
    expect(await rig.ask(query('commit'))).toEqual(['C COMMIT', 'Z I']);
  });

  it('tracks savepoints and the settings at them', async () => {
    rig = await SessionRig.start(() => 0);
    const states = async (...texts: string[]): Promise<string[]> => {
      const words: string[] = [];
      for (const text of texts) words.push(((await rig.ask(query(text)))[0] ?? '').slice(0, 13));
      return words;
    };
    expect(await states('begin', 'savepoint a', 'savepoint b', 'release a', 'rollback to b')).toEqual([
      ...['C BEGIN', 'C SAVEPOINT', 'C SAVEPOINT', 'C RELEASE', 'E ERROR 3B001'],
    ]);
    expect(await states('rollback', 'begin', 'rollback to a', 'rollback')).toEqual([
      ...['C ROLLBACK', 'C BEGIN', 'E ERROR 3B001', 'C ROLLBACK'],
    ]);
    await states('begin', "set application_name = 'one'", 'savepoint a', "set application_name = 'two'", 'select bad');
    expect(await rig.ask(query('rollback to a'))).toContain('S application_name=one');
    expect(await states('release nosuch')).toEqual(['E ERROR 3B001']);
    expect(rig.heard().filter((sql) => sql.startsWith('ROLLBACK TO'))).toEqual(['ROLLBACK TO SAVEPOINT a']);
  });

  it('refuses AND CHAIN outside of a transaction', async () => {
    rig = await SessionRig.start(() => 0);
    for (const end of ['commit', 'rollback'])
      expect((await rig.ask(query(`${end} and chain`)))[0]).toBe(
        `E ERROR 25P01 ${end.toUpperCase()} AND CHAIN can only be used in transaction blocks`,
      );
  });

  it('refuses what IRIS would do differently, without asking it', async () => {
    rig = await SessionRig.start(() => 1);
    expect((await rig.ask(query('begin isolation level serializable')))[0]).toContain('E ERROR 0A000 SERIALIZABLE');
    expect((await rig.ask(query("select name ~ '\\w' from patients")))[0]).toContain(
      'E ERROR 0A000 a regular expression',
    );
    expect(await rig.ask(query('begin read only'))).toEqual(['C BEGIN', 'Z T']);
    expect((await rig.ask(query('delete from patients')))[0]).toBe(
      'E ERROR 25006 cannot execute DELETE in a read-only transaction',
    );
    await rig.ask(query('rollback; begin read only'));
    expect((await rig.ask(query('select name from patients where id = 1 for update')))[0]).toBe(
      'E ERROR 25006 cannot execute SELECT FOR UPDATE in a read-only transaction',
    );
    expect(rig.heard()).toEqual(['begin read committed read only', 'rollback', 'begin read committed read only']);
  });

  it.each([
    ['set default_transaction_read_only = on', 'delete from patients'],
    ['begin; set transaction read only', 'delete from patients'],
    ['begin; set transaction_read_only = on', 'copy patients (id) from stdin'],
    ['set session characteristics as transaction read only', 'begin; delete from patients'],
  ])('honours %s', async (asked, change) => {
    rig = await SessionRig.start(() => 1);
    await rig.ask(query(asked));
    expect(await rig.ask(query('show transaction_read_only'))).toContain('D on');
    expect((await rig.ask(query(change))).join()).toContain('E ERROR 25006');
    expect(rig.heard().filter((sql) => !sql.startsWith('begin'))).toEqual([]);
    await rig.ask(query('rollback; set default_transaction_read_only = off'));
    expect(await rig.ask(query('delete from patients'))).toContain('C DELETE 1');
  });

  it('refuses an isolation level that IRIS lacks, however it is requested', async () => {
    rig = await SessionRig.start(() => 1);
    for (const text of ['set transaction isolation level serializable', "set transaction_isolation to 'serializable'"])
      expect((await rig.ask(query(text)))[0]).toContain('E ERROR 0A000 SERIALIZABLE');
    expect(await rig.ask(query('set transaction read only'))).toEqual([
      'N WARNING 25P01 SET TRANSACTION can only be used in transaction blocks',
      'C SET',
      'Z I',
    ]);
    expect(rig.heard()).toEqual([]);
  });

  it('looks up tables by the search_path of the session', async () => {
    rig = await SessionRig.start(() => rows);
    await rig.ask(query('set search_path = lab, public'));
    await rig.ask(query('select id from results where id in (select id from patients)'));
    expect(rig.heard()).toEqual(['SELECT id FROM lab.results WHERE id IN (SELECT id FROM patients)']);
  });

  it('translates each statement by the tables as the one before has left them', async () => {
    const made = {
      TABLES: [['SQLUser', 'beds', 'TABLE']],
      COLUMNS: [['SQLUser', 'beds', 'name', 'varchar', '50', null, null, 'YES', 'NO', 'SQLUPPER']],
    };
    let isMade = false;
    const run = (sql: string): number => {
      isMade ||= sql.startsWith('CREATE');
      return 0;
    };
    rig = await SessionRig.start(run, {}, () => (isMade ? made : {}));
    await rig.ask(query("create table beds (name varchar(50)); select name from beds where name in ('x', 'X')"));
    expect(rig.heard().at(-2)).toBe("SELECT name FROM beds WHERE %EXACT(name) IN ('x', 'X')");
  });

  it('warns of statements to which this version may return wrong results, or refuses them', async () => {
    const text = 'select p.id from patients p left join (select id from patients where active) x on x.id = p.id';
    rig = await SessionRig.start(() => rows, { version: '2025.1' });
    expect((await rig.ask(query(text)))[0]).toContain(
      'N WARNING 01000 this version of IRIS may return wrong results: an outer join',
    );
    await rig.close();
    rig = await SessionRig.start(() => rows, { version: '2025.1', hazards: 'refuse' });
    expect((await rig.ask(query(text)))[0]).toContain('E ERROR 0A000 this version of IRIS may return wrong results');
    expect(rig.heard()).toEqual([]);
  });

  it('answers questions about itself without IRIS, and shows translations', async () => {
    rig = await SessionRig.start(() => 1);
    expect(await rig.ask(query("set application_name to 'x'"))).toEqual(['C SET', 'S application_name=x', 'Z I']);
    expect(await rig.ask(query('show application_name'))).toEqual(['T application_name:25', 'D x', 'C SHOW', 'Z I']);
    for (const [asked, label] of [
      ['timezone', 'TimeZone'],
      ['time zone', 'TimeZone'],
      ['datestyle', 'DateStyle'],
      ['session authorization', 'session_authorization'],
      ['transaction isolation level', 'transaction_isolation'],
    ] as const)
      expect((await rig.ask(query(`show ${asked}`)))[0]).toBe(`T ${label}:25`);
    expect(await rig.ask(query("select set_config('application_name', 'y', false)"))).toContain('D y');
    expect(await rig.ask(query('explain (translate) select id from patients where id = 5'))).toContain(
      'D SELECT id FROM patients WHERE id = 5',
    );
    expect(rig.heard()).toEqual([]);
  });

  it('restores the isolation level that every session expects', async () => {
    rig = await SessionRig.start(() => 1);
    expect(await rig.ask(query('discard all'))).toEqual(['C DISCARD ALL', 'Z I']);
    expect(rig.heard()).toEqual(['SET TRANSACTION ISOLATION LEVEL READ COMMITTED']);
    await rig.ask(query('begin'));
    expect((await rig.ask(query('discard all')))[0]).toBe(
      'E ERROR 25001 DISCARD ALL cannot run inside a transaction block',
    );
  });

  it.each([
    'start transaction',
    '-- x\n COMMIT',
    'USE ward',
    'SET OPTION LOCK_TIMEOUT = 1',
    'set transaction %COMMITMODE NONE',
  ])('refuses %s, which would stay with the process', async (text) => {
    rig = await SessionRig.start(() => 0);
    expect((await rig.ask(query(`/*iris*/ ${text}`)))[0]).toContain('E ERROR 0A000');
    expect(rig.heard()).toEqual([]);
  });

  it('restores at the end of a transaction what IRIS SQL has set', async () => {
    rig = await SessionRig.start(() => 0);
    const set = '/*iris*/ SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED';
    await rig.ask(query('begin'));
    await rig.ask(query(set));
    expect(rig.heard()).toEqual(['begin read committed', set.slice(9)]);
    await rig.ask(query('commit'));
    expect(rig.heard()).toEqual(['commit', 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED']);
  });

  it('shows whether an index served the last nearest-neighbour search', async () => {
    let plan = 'Read index map SQLUser.patients.E';
    rig = await SessionRig.start((sql) => (sql.startsWith('EXPLAIN') ? [[plan]] : [['1']]));
    const show = query('show medrex.vector_index_used');
    expect(await rig.ask(show)).toEqual(['T medrex.vector_index_used:25', 'D ', 'C SHOW', 'Z I']);
    await rig.ask(query("select id from patients order by e <=> '[1,2,3]' limit 5"));
    const [search = ''] = rig.heard();
    expect(search).toContain('ORDER BY VECTOR_COSINE(e, TO_VECTOR(');
    expect(await rig.ask(show)).toContain('D on');
    expect(rig.heard()).toEqual([`EXPLAIN ${search}`]);
    plan = 'Read master map SQLUser.patients.IDKEY';
    expect(await rig.ask(show)).toContain('D off');
  });

  it('passes IRIS SQL on unchanged', async () => {
    rig = await SessionRig.start(() => [['7']]);
    expect(await rig.ask(query('/*iris*/ SELECT TOP 1 %ID FROM Ward.Patient'))).toEqual([
      'T c1:1043',
      'D 7',
      'C SELECT 1',
      'Z I',
    ]);
    expect(rig.heard()).toEqual(['SELECT TOP 1 %ID FROM Ward.Patient']);
  });

  it('reads the tables again after DDL', async () => {
    rig = await SessionRig.start(() => 0);
    await rig.ask(query('create table beds (id int)'));
    const [first, ...more] = rig.heard();
    expect(first).toBe('CREATE TABLE beds (id INTEGER)');
    expect(more).toHaveLength(5);
  });
});

describe('COPY on IRIS', () => {
  it('takes rows in binary format', async () => {
    rig = await SessionRig.start(() => 1);
    rig.send(query('copy patients (id, active) from stdin binary'));
    await rig.until('G');
    const rows = '5047434f50590aff0d0a0000000000000000000002000000040000000700000001010002000000040000000affffffffffff';
    expect(await rig.ask(copyData(Buffer.from(rows, 'hex')), copyDone())).toEqual(['C COPY 2', 'Z I']);
    expect(rig.heard().join()).toContain('INSERT INTO patients (id, active) VALUES (?, ?) (7, 1)');
    for (const [options, state] of [
      ["format binary, delimiter ','", '42601'],
      ['format binary, header', '0A000'],
      ['format binary, force_quote *', '0A000'],
    ] as const)
      expect((await rig.ask(query(`copy patients (id) from stdin (${options})`)))[0]).toContain(state);
  });

  it('sends rows in the binary format', async () => {
    rig = await SessionRig.start(() => [
      ['7', 'Ann'],
      ['8', null],
    ]);
    expect(await rig.ask(query('copy (select id, name from patients) to stdout (format binary)'))).toEqual([
      'H',
      'd PGCOPY\n\ufffd\r\n\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\x04\0\0\0\x07\0\0\0\x03Ann',
      'd \0\x02\0\0\0\x04\0\0\0\x08\ufffd\ufffd\ufffd\ufffd',
      'd \ufffd\ufffd',
      'c',
      'C COPY 2',
      'Z I',
    ]);
  });

  it('inserts all rows or none', async () => {
    rig = await SessionRig.start(() => 1);
    rig.send(query('copy patients (id, name) from stdin'));
    await rig.until('G');
    expect(await rig.ask(copyData(Buffer.from('1\tA')), copyData(Buffer.from('nn\n2\t\\N\n')), copyDone())).toEqual([
      'C COPY 2',
      'Z I',
    ]);
    const insert = 'INSERT INTO patients (id, name) VALUES (?, ?)';
    expect(rig.heard()).toEqual(['begin read committed', `${insert} (1, Ann)`, `${insert} (2, NULL)`, 'commit']);
  });

  it('keeps nothing if the client aborts', async () => {
    rig = await SessionRig.start(() => 1);
    rig.send(query('copy patients (id, name) from stdin csv'));
    await rig.until('G');
    expect((await rig.ask(copyData(Buffer.from('1,Ann\n')), copyFail('no more')))[0]).toBe(
      'E ERROR 57014 COPY from stdin failed: no more',
    );
    expect(rig.heard()).toEqual(['begin read committed', 'rollback']);
  });

  it('sends rows as text or CSV', async () => {
    rig = await SessionRig.start(() => [['1', 'a,b'], ['2', null]]); // prettier-ignore
    expect(await rig.ask(query('copy (select id, name from patients) to stdout with (format csv, header)'))).toEqual([
      'H',
      'd id,name',
      'd 1,"a,b"',
      'd 2,',
      'c',
      'C COPY 2',
      'Z I',
    ]);
  });
});

describe('the stream of a session', () => {
  it('applies back-pressure to a client that sends while a statement runs, and answers in order', async () => {
    let go: (rows: number) => void = () => undefined;
    rig = await SessionRig.start((sql) => (sql.startsWith('DELETE') ? new Promise((resolve) => (go = resolve)) : rows));
    rig.send(query('delete from patients'));
    rig.send(query('select id, name from patients limit 1'));
    while (rig.heard().length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(rig.stream.writableLength).toBeGreaterThan(0);
    go(5);
    expect(await rig.until('Z')).toEqual(['C DELETE 5', 'Z I']);
    expect((await rig.until('Z')).at(-2)).toBe('C SELECT 3');
    expect(rig.stream.writableLength).toBe(0);
  });

  it('reports that IRIS is gone, and ends', async () => {
    rig = await SessionRig.start(() => rows);
    rig.driver.lose();
    expect(await rig.until('closed')).toEqual(['E FATAL 08006 IRIS closed the connection', 'closed']);
  });
});
