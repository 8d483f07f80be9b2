import { afterEach, describe, expect, it } from '@jest/globals';
import { describe as describes, query, sync } from '@medrex/pg-wire';
import { bound, executed, parsed, patients as rows } from '../testing/patients.ts';
import { SessionRig } from '../testing/session-rig.ts';

let rig: SessionRig;

afterEach(async () => rig.close());

const select = 'select id, name from patients';
const ask = (text: string): Promise<string[]> => rig.ask(query(text));
/** Runs a statement by the extended protocol, with a Describe. */
const extended = (text: string, rowsMax = 0, formats: number[] = []): Promise<string[]> =>
  rig.ask(
    parsed(text),
    describes({ kind: 'statement', name: '' }),
    bound('', [], '', formats),
    executed(rowsMax),
    sync(),
  );

describe('PREPARE, EXECUTE and DEALLOCATE', () => {
  it('run a prepared statement with the given constants', async () => {
    rig = await SessionRig.start(() => rows);
    expect(await ask(`prepare p (int) as ${select} where id = $1 and name = $2`)).toEqual(['C PREPARE', 'Z I']);
    expect(await ask("execute p (7, 'O''Hara')")).toEqual([
      'T id:23 name:1043',
      ...['D 1|Ann', 'D 2|NULL', 'D 3|Bob', 'C SELECT 3', 'Z I'],
    ]);
    expect(rig.heard()).toEqual(["SELECT id, name FROM patients WHERE (id = ?) AND (%EXACT(name) = ?) (7, O'Hara)"]);
    expect(await ask('deallocate p; deallocate p')).toEqual([
      'C DEALLOCATE',
      'E ERROR 26000 prepared statement "p" does not exist',
      'Z I',
    ]);
  });

  it('translate the statement by the values of EXECUTE if it depends on them', async () => {
    rig = await SessionRig.start(() => [['Ann']]);
    await ask('prepare p as select left(name, $1) from patients');
    await ask('execute p (2)');
    await ask('execute p (-1)');
    expect(rig.heard()).toEqual([
      'SELECT LEFT(name, 2) FROM patients',
      expect.stringContaining('CASE WHEN CHAR_LENGTH(name) - 1 > 0'),
    ]);
  });

  it('are described and suspended like the statement that they run', async () => {
    rig = await SessionRig.start(() => rows);
    await ask(`prepare p as ${select}`);
    expect(await extended('execute p', 2)).toEqual([
      ...['1', 't ', 'T id:23 name:1043', '2', 'D 1|Ann', 'D 2|NULL', 's', 'Z I'],
    ]);
  });

  it('return values in binary format on request, for cursors too', async () => {
    rig = await SessionRig.start(() => [['258', 'x']]);
    await ask(`prepare p as ${select}`);
    expect(await extended('execute p', 0, [1, 0])).toContain('D \u0000\u0000\u0001\u0002|x');
    await ask('begin');
    await ask(`declare c cursor with hold for ${select}`);
    await ask('commit');
    const words = await rig.ask(
      parsed('fetch c'),
      bound('', [], '', [1, 0]),
      describes({ kind: 'portal', name: '' }),
      executed(),
      sync(),
    );
    expect(words).toEqual(['1', '2', 'T id:23b name:1043', 'D \u0000\u0000\u0001\u0002|x', 'C FETCH 1', 'Z I']);
  });

  it('share names with the extended protocol', async () => {
    rig = await SessionRig.start(() => rows);
    await ask(`prepare p as ${select}`);
    const again = await rig.ask(parsed(select, 'p'), sync());
    expect(again).toEqual(['E ERROR 42P05 prepared statement "p" already exists', 'Z I']);
    await ask('discard all');
    expect(await ask('execute p')).toEqual(['E ERROR 26000 prepared statement "p" does not exist', 'Z I']);
  });

  it('refuse too few parameters and unknown types, and report the position of unsupported parts', async () => {
    rig = await SessionRig.start(() => rows);
    await ask(`prepare p as ${select} where id = $1`);
    expect(await ask('execute p')).toEqual([
      'E ERROR 42601 wrong number of parameters for prepared statement "p"',
      'Z I',
    ]);
    await ask('prepare q (bigint) as update patients set id = $1');
    expect(await ask("execute q ('x')")).toEqual(['E ERROR 22P02 invalid input syntax for type bigint: "x"', 'Z I']);
    expect((await ask('prepare r as select name ~ name from patients'))[0]).toContain(
      'E ERROR 0A000 a regular expression',
    );
    expect(rig.heard()).toEqual([]);
  });
});

describe('cursors', () => {
  it('return rows by FETCH, and end with their transaction', async () => {
    rig = await SessionRig.start(() => rows);
    await ask('begin');
    expect(await ask(`declare c cursor for ${select}`)).toEqual(['C DECLARE CURSOR', 'Z T']);
    expect(await ask('fetch 2 from c')).toEqual(['T id:23 name:1043', 'D 1|Ann', 'D 2|NULL', 'C FETCH 2', 'Z T']);
    expect(await extended('fetch all from c')).toEqual([
      ...['1', 't ', 'T id:23 name:1043', '2', 'D 3|Bob', 'C FETCH 1', 'Z T'],
    ]);
    expect(await ask('fetch c')).toEqual(['T id:23 name:1043', 'C FETCH 0', 'Z T']);
    await ask('commit');
    expect(await ask('fetch c')).toEqual(['E ERROR 34000 cursor "c" does not exist', 'Z I']);
    expect(rig.heard()).toEqual(['begin read committed', 'SELECT id, name FROM patients', 'commit']);
  });

  it('end with a transaction in the middle of a text', async () => {
    rig = await SessionRig.start(() => rows);
    const text = `begin; declare c cursor for ${select}; commit; begin; fetch c`;
    expect((await ask(text)).at(-2)).toBe('E ERROR 34000 cursor "c" does not exist');
  });

  it('WITH HOLD outlive a transaction only if it commits', async () => {
    rig = await SessionRig.start(() => rows);
    await ask('begin');
    await ask(`declare c cursor with hold for ${select}`);
    await ask('move 1 in c');
    await ask('commit');
    expect(await ask('fetch 1 in c')).toEqual(['T id:23 name:1043', 'D 2|NULL', 'C FETCH 1', 'Z I']);
    await ask('begin');
    await ask(`declare d cursor with hold for ${select}`);
    await ask('rollback');
    expect(await ask('fetch d')).toEqual(['E ERROR 34000 cursor "d" does not exist', 'Z I']);
    expect((await ask('fetch all in c')).slice(1)).toEqual(['D 3|Bob', 'C FETCH 1', 'Z I']);
    expect(await ask('close c; fetch c')).toEqual(['C CLOSE CURSOR', 'E ERROR 34000 cursor "c" does not exist', 'Z I']);
  });

  it('WITH HOLD roll their transaction back if their rows are too large', async () => {
    const long = 'x'.repeat(2 ** 20);
    rig = await SessionRig.start(() => Array.from({ length: 70 }, () => ['1', long]));
    await ask('begin');
    await ask(`declare c cursor with hold for ${select}`);
    expect((await ask('commit'))[0]).toContain('E ERROR 54000 a cursor WITH HOLD has more than 64 MiB');
    expect(rig.heard().at(-1)).toBe('rollback');
    expect(await ask('fetch c')).toEqual(['E ERROR 34000 cursor "c" does not exist', 'Z I']);
  });

  it('need a transaction, a unique name, and a query', async () => {
    rig = await SessionRig.start(() => rows);
    expect(await ask(`declare c cursor for ${select}`)).toEqual([
      'E ERROR 25P01 DECLARE CURSOR can only be used in transaction blocks',
      'Z I',
    ]);
    await ask(`declare c cursor with hold for ${select}`);
    expect(await ask(`declare c cursor with hold for ${select}`)).toEqual([
      'E ERROR 42P03 cursor "c" already exists',
      'Z I',
    ]);
  });
});

describe('statements that IRIS cannot run', () => {
  it.each(['listen a', "notify a, 'x'"])('%s is refused', async (text) => {
    rig = await SessionRig.start(() => rows);
    expect((await ask(text))[0]).toMatch(/^E ERROR 0A000 (?:LISTEN|NOTIFY) /);
  });
});

it('reports syntax errors, in a failed transaction too', async () => {
  rig = await SessionRig.start(() => rows);
  await ask('begin');
  await ask('listen a');
  expect((await ask('selec 1'))[0]).toContain('E ERROR 42601');
  expect((await ask('select 1'))[0]).toContain('E ERROR 25P02');
});
