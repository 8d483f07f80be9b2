import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { StateFile } from '../state.ts';

export const root = resolve(import.meta.dirname, '..', '..', '..', '..');
export const main = join(root, 'tools', 'stack', 'dist', 'main.js');

interface Status {
  readonly processes: readonly { readonly name: string; readonly isRunning: boolean; readonly pid: number }[];
  readonly env: Readonly<Record<string, string>>;
}

/** A separate stack, in addition to that of the suites, controlled by the command line. */
export class ScratchStack {
  readonly folder = mkdtempSync(join(tmpdir(), 'stack-'));

  run(command: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    return spawnSync(process.execPath, this.#line(command, args), {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
  }

  spawn(command: string, args: readonly string[]) {
    return spawn(process.execPath, this.#line(command, args), { stdio: 'ignore' });
  }

  status(): Status {
    return JSON.parse(this.run('status', ['--json']).stdout) as Status;
  }

  pidOf(name: string): number {
    return new StateFile(this.folder).state.processes[name]?.pid ?? 0;
  }

  remove(): void {
    this.run('down', ['--clean']);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #line(command: string, args: readonly string[]): string[] {
    return [main, command, ...args, '--dir', this.folder];
  }
}
