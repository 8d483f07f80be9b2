import { afterEach, describe, expect, it } from '@jest/globals';
import { query } from '@medrex/pg-wire';
import { SqlAnalyser } from '@medrex/sql';
import { patients as rows } from '../testing/patients.ts';
import { SessionRig } from '../testing/session-rig.ts';

let rig: SessionRig;

afterEach(async () => rig.close());

/** A list of numbers. */
const numbers = (count: number): string => Array.from({ length: count }, (_, place) => place + 1_000).join(',');
const where = (condition: string, count = 20_000): string =>
  `select id from patients where ${condition} and id not in (${numbers(count)})`;
/** The last statement sent to the driver, with lists shortened. */
const heard = (): string => (rig.heard().at(-1) ?? '').replaceAll(/(?:, ?\d+)+/g, ', ...');

describe('a text that would block the event loop', () => {
  it.each([
    ['a long one', 20_000],
    ['a dense one', 6_000],
  ])('is translated on another thread, once: %s', async (_what, count) => {
    const analyser = await SqlAnalyser.load();
    rig = await SessionRig.start(() => rows, { analyser });
    const text = where("name = 'x'", count);
    const before = analyser.counts.parsed;
    expect((await rig.ask(query(text))).at(-1)).toBe('Z I');
    expect(analyser.counts.parsed).toBe(before);
    const sent = heard();
    expect(sent).toBe("SELECT id FROM patients WHERE (%EXACT(name) = 'x') AND (id NOT IN (1000, ...))");
    await rig.ask(query(text));
    expect(heard()).toBe(sent);
    expect(analyser.analyse(text)).toMatchObject({ kind: 'read', statements: [{ command: 'SELECT' }] });
  });

  it('is translated by the current tables', async () => {
    let nowMs = 0;
    const columns = [['SQLUser', 'patients', 'id', 'integer', null, null, null, 'NO', 'NO', 'EXACT']];
    const tables = (): Record<string, (string | null)[][]> => ({
      TABLES: [['SQLUser', 'patients', 'BASE TABLE']],
      COLUMNS: columns,
    });
    rig = await SessionRig.start(() => [], { now: () => nowMs }, tables);
    await rig.ask(query(where("name = 'x'")));
    expect(heard()).toContain("%EXACT(name) = 'x'");
    columns.push(['SQLUser', 'patients', 'name', 'varchar', '50', null, null, 'YES', 'NO', 'EXACT']);
    nowMs = 60_000;
    await rig.ask(query(where("name = 'x'")));
    expect(heard()).toContain("(name = 'x')");
  });

  it('has the tables read again for an unknown one', async () => {
    let nowMs = 10_000;
    const names = ['wards'];
    const tables = (): Record<string, (string | null)[][]> => ({
      TABLES: names.map((name) => ['SQLUser', name, 'BASE TABLE']),
      COLUMNS: names.map((name) => ['SQLUser', name, 'name', 'varchar', '50', null, null, 'YES', 'NO', 'EXACT']),
    });
    rig = await SessionRig.start(() => [], { now: () => nowMs }, tables);
    names.push('patients');
    nowMs += 20_000;
    await rig.ask(query(where("name = 'x'")));
    expect(heard()).toContain("(name = 'x')");
  });

  it('is accepted by PREPARE and DECLARE', async () => {
    rig = await SessionRig.start(() => rows);
    expect((await rig.ask(query(`prepare p as ${where('active')}`))).at(-2)).toBe('C PREPARE');
    await rig.ask(query('execute p'));
    expect(heard()).toContain('NOT IN (1000');
    await rig.ask(query('begin'));
    expect((await rig.ask(query(`declare c cursor for ${where('active')}`))).at(-2)).toBe('C DECLARE CURSOR');
  });

  it('is refused with the position of the error', async () => {
    rig = await SessionRig.start(() => rows);
    expect(await rig.ask(query(`${where('active')} and and`))).toEqual([
      'E ERROR 42601 syntax error at or near "and"',
      'Z I',
    ]);
    expect((await rig.ask(query(where('pg_try_advisory_lock(id)'))))[0]).toMatch(/^E ERROR 0A000/);
    expect((await rig.ask(query('select id, name from patients')))[0]).toBe('T id:23 name:1043');
  });
});
