import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';

/** Runs `vault-process.ts`; each line of its output is passed to `onLine`, which may ask to kill it at once. */
export async function runVaultProcess(
  args: readonly string[],
  onLine: (line: string) => 'kill' | undefined,
): Promise<readonly string[]> {
  const script = fileURLToPath(new URL('vault-process.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--conditions=@medrex/source', '--disable-warning=ExperimentalWarning', script, ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'close');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (onLine(line) === 'kill') child.kill('SIGKILL');
  }
  await ended;
  return lines;
}
