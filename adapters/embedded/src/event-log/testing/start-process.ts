import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A Node process that runs one of the programs of this folder from its TypeScript source. */
export function startProcess(program: string, ...args: string[]): ChildProcess {
  const file = fileURLToPath(new URL(program, import.meta.url));
  return fork(file, args, {
    execArgv: ['--conditions=@medrex/source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** Kills the process with SIGKILL, and waits until it has ended. */
export async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
