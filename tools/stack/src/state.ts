import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UpOptions } from './context.ts';

/** A process that the stack started, and what tells it from a later one with the same pid. */
export interface StartedProcess {
  readonly pid: number;
  readonly identity: string;
  readonly command: string;
  readonly log: string;
  readonly startedAt: string;
}

/** `state.json` in the stack's folder: what runs, and where clients find it. */
export interface State {
  /** What the last `up` was asked for. */
  options: Partial<UpOptions>;
  /** Name of a process to the process. */
  processes: Record<string, StartedProcess>;
  /** Variables for tests and services. */
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

  /** Written whole and renamed: a reader sees the old file or the new one. */
  save(): void {
    mkdirSync(join(this.path, '..'), { recursive: true });
    writeFileSync(`${this.path}.tmp`, `${JSON.stringify(this.state, null, 2)}\n`);
    renameSync(`${this.path}.tmp`, this.path);
  }
}
