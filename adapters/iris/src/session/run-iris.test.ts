import { describe, expect, it } from '@jest/globals';
import { standardPage } from '../database/page-sizes.ts';
import { ScriptedDriver, type Script } from '../testing/scripted-driver.ts';
import type { IrisPlan } from './plan.ts';
import { runIris } from './run-iris.ts';
import { SessionSettings } from './session-settings.ts';
import { TimedConnection } from './timed-connection.ts';

async function timed(driver: ScriptedDriver): Promise<TimedConnection> {
  const connection = await driver.open({ lost: () => undefined } as never);
  return new TimedConnection(connection, new SessionSettings('app'), 10_000);
}

type Step = readonly [sql: string, isResult: boolean, only?: IrisPlan['steps'][number]['only']];

async function ran(steps: readonly Step[], answer: (sql: string) => Script): Promise<object> {
  const driver = new ScriptedDriver(answer);
  const connection = await timed(driver);
  const plan = {
    meanings: new Map(),
    steps: steps.map(([sql, isResult, only]) => ({ pieces: [sql], parameters: [], isResult, only })),
  };
  const { answer: rows, changed } = await runIris(connection, plan as unknown as IrisPlan, [], standardPage);
  return { heard: driver.heard, rows: rows?.first.rows.map((row) => row.map(String)), changed };
}

const upsert: readonly Step[] = [
  ['update', false],
  ['insert', false, 'afterNone'],
  ['select', true],
];

describe('the steps of a statement', () => {
  it('insert only rows that did not exist to be updated', async () => {
    const rows = [['1']];
    expect(await ran(upsert, (sql) => (sql === 'select' ? rows : 1))).toEqual({
      heard: ['update', 'select'],
      rows,
      changed: 1,
    });
    expect(await ran(upsert, (sql) => (sql === 'select' ? rows : sql === 'insert' ? 1 : 0))).toEqual({
      heard: ['update', 'insert', 'select'],
      rows,
      changed: 1,
    });
  });

  it('return no row if none was changed', async () => {
    const steps: readonly Step[] = [
      ['insert 1', false],
      ['select 1', true, 'afterChange'],
      ['insert 2', false],
      ['select 2', true, 'afterChange'],
    ];
    const answer = (sql: string): Script => (sql.startsWith('select') ? [[sql.slice(-1)]] : sql === 'insert 1' ? 0 : 1);
    expect(await ran(steps, answer)).toMatchObject({ rows: [['2']], changed: 1 });
    expect(await ran(steps.slice(0, 2), answer)).toMatchObject({ rows: [], changed: 0 });
  });

  it('return the rows to be deleted, and fail if others were added in between', async () => {
    const steps: readonly Step[] = [
      ['select', true],
      ['delete', false, 'ofRowsRead'],
    ];
    const rows = [['1'], ['2']];
    const answer = (deleted: number) => (sql: string) => (sql === 'select' ? rows : deleted);
    expect(await ran(steps, answer(2))).toEqual({ heard: ['select', 'delete'], rows, changed: 2 });
    await expect(ran(steps, answer(1))).rejects.toMatchObject({ report: { sqlstate: '40001' } });
  });

  it('fail if locked rows no longer match the condition', async () => {
    const steps: readonly Step[] = [
      ['lock', false],
      ['read', true],
      ['select', true, 'ofRowsRead'],
    ];
    const answer = (rows: Script) => (sql: string) => (sql === 'lock' ? 2 : sql === 'read' ? [['1'], ['2']] : rows);
    expect(await ran(steps, answer([['3'], ['4']]))).toMatchObject({ rows: [['1'], ['2'], ['3'], ['4']] });
    await expect(ran(steps, answer([['3']]))).rejects.toMatchObject({ report: { sqlstate: '40001' } });
  });

  it('fail if there are rows that the result would lack', async () => {
    const steps: readonly Step[] = [
      ['check', false, 'ofNoRows'],
      ['select', true],
    ];
    const answer = (more: Script) => (sql: string) => (sql === 'check' ? more : [['1']]);
    expect(await ran(steps, answer([]))).toMatchObject({ rows: [['1']], heard: ['check', 'select'] });
    await expect(ran(steps, answer([['1']]))).rejects.toMatchObject({ report: { sqlstate: '54001' } });
  });

  it('use the rows of an earlier step: all at once, or one after the other', async () => {
    const rows = [
      ['7', 'x'],
      ['8', null],
    ];
    const driver = new ScriptedDriver((sql) => (sql === 'insert' ? 1 : sql === 'read' ? rows : rows.slice(0, 1)));
    const connection = await timed(driver);
    const kept = ['id', 'name'].map((label) => ({ label, type: label === 'id' ? 'int4' : 'text', holdsSchema: false }));
    const column = (parameter: number): object => ({ parameter, use: 'column' });
    const steps = [
      { pieces: ['read'], parameters: [], isResult: false, kept },
      { pieces: ['all'], parameters: [{ parameter: 0, use: 'keptRows' }], isResult: false },
      { pieces: ['insert'], parameters: [column(2), column(1)], isResult: false, isForEach: true },
      { pieces: ['last'], parameters: [], isResult: true, isForEach: true },
    ];
    const ran = await runIris(connection, { steps, meanings: new Map() } as unknown as IrisPlan, [], standardPage);
    expect([ran.changed, ran.answer?.first.rows.length]).toEqual([2, 2]);
    expect(driver.heard).toEqual(['read', 'all ([7,8])', 'insert (x, 7)', 'last', 'insert (NULL, 8)', 'last']);
  });
});
