import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stackError } from '../errors.ts';
import type { StartedProcess, StateFile } from '../state.ts';
import { identityOf } from './identity.ts';

export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** User to run as, for programs that refuse root. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** How long it may take to stop before it is killed, in ms. */
  readonly stopTimeoutMs?: number;
}

const stopTimeoutMs = 20_000;

/** The processes of the stack. They outlive the command that started them, and later commands find them by the state file. */
export class Processes {
  /** Names of the processes started by this command, in order. */
  readonly startedNow: string[] = [];
  readonly #file: StateFile;
  readonly #logs: string;

  constructor(file: StateFile, logs: string) {
    this.#file = file;
    this.#logs = logs;
  }

  names(): readonly string[] {
    return Object.keys(this.#file.state.processes);
  }

  get(name: string): StartedProcess | undefined {
    return this.#file.state.processes[name];
  }

  isAlive(name: string): boolean {
    const process = this.get(name);
    return process !== undefined && identityOf(process.pid) === process.identity;
  }

  logOf(name: string): string {
    return join(this.#logs, `${name}.log`);
  }

  /** Starts a process in its own session with a log file, and records it in the state file before returning. */
  start(name: string, command: string, args: readonly string[], options: ProcessOptions = {}): void {
    mkdirSync(this.#logs, { recursive: true });
    const log = this.logOf(name);
    const output = openSync(log, 'a');
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      detached: true,
      stdio: ['ignore', output, output],
      ...options.user,
    });
    closeSync(output);
    child.on('error', () => undefined); // then it has no pid, which is reported below
    child.unref();
    const identity = child.pid === undefined ? undefined : identityOf(child.pid);
    if (child.pid === undefined || identity === undefined)
      throw stackError('notReady', `${name}: could not be started: ${command}${lastLines(log)}`);
    const startedAt = new Date().toISOString();
    this.#file.state.processes[name] = {
      pid: child.pid,
      identity,
      command: [command, ...args].join(' '),
      log,
      startedAt,
    };
    this.#file.save();
    this.startedNow.push(name);
  }

  /** Waits until `ask` resolves with true. Fails at once, with the end of its log, when the process has ended. */
  async ready(name: string, ask: () => Promise<boolean>, signal: AbortSignal, timeoutMs = 60_000): Promise<void> {
    const until = Date.now() + timeoutMs;
    let last: unknown;
    for (;;) {
      signal.throwIfAborted();
      if (!this.isAlive(name))
        throw stackError('notReady', `${name} ended while starting.${lastLines(this.logOf(name))}`);
      const isReady = await ask().catch((error: unknown) => {
        last = error;
        return false;
      });
      if (isReady) return;
      if (Date.now() > until)
        throw stackError(
          'notReady',
          `${name} did not answer within ${timeoutMs / 1000} s${reason(last)}.${lastLines(this.logOf(name))}`,
        );
      await sleep(100, undefined, { signal });
    }
  }

  /** Stops a process by SIGTERM, then by SIGKILL, if it is still the one that was started. */
  async stop(name: string): Promise<boolean> {
    const process_ = this.get(name);
    if (process_ === undefined) return false;
    const wasAlive = this.isAlive(name);
    if (wasAlive) {
      send(process_.pid, 'SIGTERM');
      const until = Date.now() + stopTimeoutMs;
      while (this.isAlive(name) && Date.now() < until) await sleep(50);
      if (this.isAlive(name)) send(process_.pid, 'SIGKILL');
      while (this.isAlive(name)) await sleep(20);
    }
    this.#file.state.processes = Object.fromEntries(
      Object.entries(this.#file.state.processes).filter(([other]) => other !== name),
    );
    this.#file.save();
    return wasAlive;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

function lastLines(log: string): string {
  if (!existsSync(log)) return '';
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-15);
  return `\nThe end of ${log}:\n  ${lines.join('\n  ')}`;
}

const reason = (error: unknown): string => (error instanceof Error ? ` (${error.message})` : '');
