import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UpOptions } from './context.ts';

/** A started process, with its identity beyond the pid. */
export interface StartedProcess {
  readonly pid: number;
  readonly identity: string;
  readonly command: string;
  readonly log: string;
  readonly startedAt: string;
}

/** `state.json` in the stack's folder: its processes, and the environment variables for clients. */
export interface State {
  /** Options of the last `up`. */
  options: Partial<UpOptions>;
  /** Processes by name. */
  processes: Record<string, StartedProcess>;
  /** Environment variables for tests and services. */
  env: Record<string, string>;
}

export class StateFile {
  readonly path: string;
  readonly state: State;

  constructor(folder: string) {
    this.path = join(folder, 'state.json');
    this.state = existsSync(this.path)
      ? (JSON.parse(readFileSync(this.path, 'utf8')) as State)
      : { options: {}, processes: {}, env: {} };
  }

  /** Saves atomically by rename, so that readers see the old or the new file. */
  save(): void {
    mkdirSync(join(this.path, '..'), { recursive: true });
    writeFileSync(`${this.path}.tmp`, `${JSON.stringify(this.state, null, 2)}\n`);
    renameSync(`${this.path}.tmp`, this.path);
  }
}
