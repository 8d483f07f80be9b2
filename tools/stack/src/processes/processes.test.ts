import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StateFile } from '../state.ts';
import { identityOf } from './identity.ts';
import { Processes } from './processes.ts';

const runs = 'setInterval(() => undefined, 1000)';
const node = process.execPath;
const never = new AbortController().signal;

describe('Processes', () => {
  let folder: string;
  const open = (): Processes => new Processes(new StateFile(folder), join(folder, 'logs'));
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'processes-'))));
  afterEach(async () => {
    const processes = open();
    for (const name of processes.names()) await processes.stop(name);
    rmSync(folder, { recursive: true });
  });

  it('finds and stops a process of an earlier command', async () => {
    open().start('sleeper', node, ['-e', runs]);
    const later = open();
    expect(later.isAlive('sleeper')).toBe(true);
    const pid = later.get('sleeper')?.pid ?? 0;
    expect(await later.stop('sleeper')).toBe(true);
    expect(identityOf(pid)).toBeUndefined();
    expect(open().names()).toEqual([]);
  });

  it('does not stop another process that reuses the recorded pid', async () => {
    const stranger = spawn(node, ['-e', runs], { stdio: 'ignore' });
    const file = new StateFile(folder);
    const noted = { pid: stranger.pid ?? 0, identity: 'another-boot/1', command: '', log: '', startedAt: '' };
    file.state.processes['ours'] = noted;
    const processes = new Processes(file, folder);
    expect(processes.isAlive('ours')).toBe(false);
    expect(await processes.stop('ours')).toBe(false);
    expect(identityOf(noted.pid)).toBeDefined();
    stranger.kill('SIGKILL');
  });

  it('fails at once, with the end of its log, when a process ends instead of answering', async () => {
    const processes = open();
    processes.start('broken', node, ['-e', 'console.error("no such disk"); process.exit(3)']);
    const ready = processes.ready('broken', () => Promise.resolve(false), never);
    await expect(ready).rejects.toThrow(/broken ended while starting[\s\S]*no such disk/);
    expect(readFileSync(processes.logOf('broken'), 'utf8')).toContain('no such disk');
  });

  it('names a program that cannot be started', () => {
    expect(() => open().start('ghost', join(folder, 'no-such-program'), [])).toThrow('no-such-program');
  });

  it('stops waiting when the command is interrupted', async () => {
    const processes = open();
    processes.start('slow', node, ['-e', runs]);
    const interruption = new AbortController();
    const ready = processes.ready('slow', () => Promise.resolve(false), interruption.signal);
    interruption.abort();
    await expect(ready).rejects.toMatchObject({ name: 'AbortError' });
  });
});
