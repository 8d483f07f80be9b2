import { afterEach, describe, expect, it } from '@jest/globals';
import { defaultPath, SqlAnalyser } from '@medrex/sql';
import { ScriptedDriver, type Script } from '../testing/scripted-driver.ts';
import { plainly } from '../testing/session-rig.ts';
import { IrisDatabase, type IrisOpened } from './iris-database.ts';

const opened: IrisOpened[] = [];
let nowMs = 0;

afterEach(() => {
  for (const { stream } of opened.splice(0)) stream.destroy();
});

async function databaseOf(answer: (table: string) => Script): Promise<IrisDatabase> {
  const driver = new ScriptedDriver((sql) => {
    const [, table] = /INFORMATION_SCHEMA\.(\w+)/.exec(sql) ?? [];
    return table === undefined ? 0 : answer(table);
  });
  return IrisDatabase.load({ ...plainly, driver, analyser: await SqlAnalyser.load(), now: () => nowMs });
}

async function open(database: IrisDatabase): Promise<void> {
  const login = { user: 'proxy', password: 'secret', database: 'ward' };
  opened.push(await database.open(login));
}

const column = (name: string): (string | null)[] => [
  ...['SQLUser', 'patients', name, 'varchar', '50'],
  ...[null, null, 'YES', 'NO', 'SQLUPPER'],
];
const text = "select name from patients where name = 'x'";
const sql = async (database: IrisDatabase): Promise<unknown> =>
  (await database.translate({ text, types: [], path: defaultPath })).translations[0];

describe('the tables of an IRIS', () => {
  it('are awaited by all sessions that begin before they are known', async () => {
    let give: (rows: string[][]) => void = () => undefined;
    const reading = new Promise<string[][]>((resolve) => (give = resolve));
    const database = await databaseOf((table) =>
      table === 'TABLES' ? reading : table === 'COLUMNS' ? [column('name')] : [],
    );
    const [first, second] = [open(database), open(database)];
    await new Promise((resolve) => setImmediate(resolve));
    expect(opened).toEqual([]);
    give([['SQLUser', 'patients', 'TABLE']]);
    await Promise.all([first, second]);
    expect(await sql(database)).toMatchObject({
      steps: [{ pieces: ["SELECT name FROM patients WHERE %EXACT(name) = 'x'"] }],
    });
  });

  it('keep cached translations while they are unchanged', async () => {
    const columns = [column('name')];
    const database = await databaseOf((table) =>
      table === 'TABLES' ? [['SQLUser', 'patients', 'TABLE']] : table === 'COLUMNS' ? [...columns] : [],
    );
    await open(database);
    const before = await sql(database);
    nowMs += 60_000;
    await open(database);
    expect(await sql(database)).toBe(before);
    columns.push(column('ward'));
    nowMs += 60_000;
    await open(database);
    expect(await sql(database)).not.toBe(before);
  });
});
