import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Imitates npm ci: its result is incomplete for a while, during which no other script may run. */
const setUp = `
  const { takeTurn } = require(${JSON.stringify(resolve('tools/node/turn.cjs'))});
  const { mkdirSync, rmdirSync, appendFileSync } = require('node:fs');
  const giveBack = takeTurn('lock', (pid) => appendFileSync('waited', pid + '\\n'));
  mkdirSync('half-made');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  rmdirSync('half-made');
  appendFileSync('made', process.pid + '\\n');
  giveBack();`;

describe('concurrent scripts that set up the repository', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'medrex-turn-'));
    writeFileSync(join(folder, 'waited'), '');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const inFolder = () => {
    const child = spawn(process.execPath, ['-e', setUp], { cwd: folder, stdio: 'inherit' });
    return { child, exit: once(child, 'exit') };
  };
  const lines = (name: string) => readFileSync(join(folder, name), 'utf8').trim().split('\n');

  it('run one after another', async () => {
    const all = Array.from({ length: 6 }, inFolder);
    const exits = await Promise.all(all.map(({ exit }) => exit));

    expect(exits.map(([code]) => code as number)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(lines('made').map(Number).sort()).toEqual(all.map(({ child }) => child.pid).sort());
    expect(readdirSync(folder).sort()).toEqual(['made', 'waited']);
  });

  it('wait for a running process, and name it', async () => {
    symlinkSync(String(process.pid), join(folder, 'lock'));
    const waiting = inFolder();
    while (lines('waited')[0] === '') await new Promise((resolve) => setTimeout(resolve, 5));
    expect(lines('waited')).toEqual([String(process.pid)]);
    expect(readdirSync(folder)).not.toContain('made');

    rmSync(join(folder, 'lock'));
    expect((await waiting.exit)[0]).toBe(0);
  });

  it('take over from a killed process', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    symlinkSync(String(pid), join(folder, 'lock'));
    const exits = await Promise.all(Array.from({ length: 4 }, inFolder).map(({ exit }) => exit));

    expect(exits.map(([code]) => code as number)).toEqual([0, 0, 0, 0]);
    expect(readdirSync(folder).sort()).toEqual(['made', 'waited']);
  });
});
