import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Exit code and output of a command. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const bin = fileURLToPath(new URL('../../../apps/medrex/bin/medrex.js', import.meta.url));

/** Runs `medrex <args>` as a process, which is killed after `killAfterMs`; then its code is -1. */
export function medrex(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  killAfterMs = 90_000,
): Promise<Ended> {
  return new Promise((resolve) => {
    const killed = { timeout: killAfterMs, killSignal: 'SIGKILL' } as const;
    const options = { ...killed, env: { PATH: process.env['PATH'], ...env } };
    const command = ['--disable-warning=ExperimentalWarning', bin, ...args];
    execFile(process.execPath, command, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Runs a command with `--json`. @throws when it did not end with exit code 0 and one JSON document */
export async function medrexJson<T>(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<T> {
  const { code, stdout, stderr } = await medrex([...args, '--json'], env);
  if (code !== 0) throw new Error(`medrex ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
