import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommonFlags } from './commands.ts';
import { Processes } from './processes/processes.ts';
import { StateFile } from './state.ts';

interface Row {
  readonly name: string;
  readonly isRunning: boolean;
  readonly pid: number;
  readonly startedAt: string;
  readonly memoryMb?: number;
  readonly log: string;
}

/** Prints every started process, as a table or JSON. */
export async function showStatus({ dir, json }: CommonFlags): Promise<void> {
  const file = new StateFile(dir);
  const rows = rowsOf(file, new Processes(file, join(dir, 'logs')));
  if (json)
    console.log(JSON.stringify({ folder: dir, options: file.state.options, processes: rows, env: file.state.env }));
  else if (rows.length === 0) console.log('Nothing is up. npm run stack -- up');
  else print(rows, file);
  if (rows.some((row) => !row.isRunning)) process.exitCode = 1;
}

function rowsOf(file: StateFile, processes: Processes): readonly Row[] {
  return Object.entries(file.state.processes).map(([name, { pid, startedAt, log }]) => {
    const isRunning = processes.isAlive(name);
    const memoryMb = isRunning ? residentMb(pid) : undefined;
    return { name, isRunning, pid, startedAt, ...(memoryMb !== undefined && { memoryMb }), log };
  });
}

function residentMb(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
  } catch {
    return undefined;
  }
}

function print(rows: readonly Row[], { state }: StateFile): void {
  for (const { name, isRunning, pid, startedAt, memoryMb } of rows) {
    const memory = memoryMb === undefined ? '' : `  ${memoryMb} MB`;
    const what = isRunning
      ? `running  pid ${pid}  since ${startedAt}${memory}`
      : 'NOT RUNNING (npm run stack -- up starts it again)';
    console.log(`${name.padEnd(12)} ${what}`);
  }
  for (const [name, value] of Object.entries(state.env)) console.log(`${name}=${value}`);
}
