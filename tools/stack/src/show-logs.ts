import { closeSync, fstatSync, openSync, readFileSync, readSync, readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommonFlags } from './commands.ts';
import { stackError } from './errors.ts';

export interface LogsFlags extends CommonFlags {
  readonly lines: number;
  readonly follow: boolean;
}

/** Prints the end of the logs, also of stopped processes. */
export async function showLogs(name: string | undefined, { dir, lines, follow }: LogsFlags): Promise<void> {
  const folder = join(dir, 'logs');
  const all = existsSync(folder)
    ? readdirSync(folder)
        .map((file) => file.replace(/\.log$/, ''))
        .sort()
    : [];
  if (name !== undefined && !all.includes(name))
    throw stackError('usage', `There is no log of ${name}. Logs: ${all.join(', ') || 'none'}.`);
  const shown = name === undefined ? all : [name];
  for (const one of shown) {
    if (shown.length > 1) console.log(`==> ${one}`);
    const text = readFileSync(join(folder, `${one}.log`), 'utf8').trimEnd();
    if (text !== '') console.log(text.split('\n').slice(-lines).join('\n'));
  }
  if (follow)
    await Promise.all(shown.map((one) => followLog(join(folder, `${one}.log`), shown.length > 1 ? `${one}: ` : '')));
}

async function followLog(file: string, prefix: string): Promise<never> {
  const handle = openSync(file, 'r');
  process.on('exit', () => closeSync(handle));
  let at = fstatSync(handle).size;
  let rest = '';
  for (;;) {
    const buffer = Buffer.alloc(64 * 1024);
    const bytes = readSync(handle, buffer, 0, buffer.length, at);
    at += bytes;
    const pieces = (rest + buffer.toString('utf8', 0, bytes)).split('\n');
    rest = pieces.pop() ?? '';
    for (const line of pieces) console.log(prefix + line);
    if (bytes === 0) await sleep(200);
  }
}
