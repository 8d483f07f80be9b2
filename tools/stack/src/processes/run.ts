import { spawn } from 'node:child_process';
import { stackError } from '../errors.ts';

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly input?: string;
}

/** Runs a program to its end and returns its standard output. @throws an error with its output when it fails */
export async function run(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
  options: RunOptions = {},
): Promise<string> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      signal,
      ...options.user,
    });
    let output = '';
    let all = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      all += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (all += text));
    child.stdin.on('error', () => undefined); // it may end without reading its input
    child.stdin.end(options.input ?? '');
    child.on('error', reject);
    child.on('close', (code, ended) => {
      if (code === 0) resolve(output);
      else
        reject(
          stackError(
            'failed',
            `${command} ${args.slice(0, 3).join(' ')} ended with ${code ?? ended ?? 'no code'}:\n${all.trim()}`,
          ),
        );
    });
  });
}
