import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@medrex/contracts/testing';

const bin = fileURLToPath(new URL('../../apps/medrex/bin/medrex.js', import.meta.url));

let folder: string;
let child: ChildProcess;
let said: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'medrex-signals-'));
  const ini = join(folder, 'pgbouncer.ini');
  writeFileSync(
    ini,
    `[databases]\napp = user=app port=1\n[pgbouncer]\nauth_type = any\nlisten_addr = 127.0.0.1\nlisten_port = 0\nunix_socket_dir =\n`,
  );
  const over = join(folder, 'over.json');
  writeFileSync(over, JSON.stringify({ metrics: { port: 0 } }));
  said = '';
  child = spawn(process.execPath, [bin, 'pg-proxy', '--pgbouncer-ini', ini, '--config', over]);
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await heard('PostgreSQL at');
});
afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true });
});

const heard = (text: string): Promise<true> => eventually(() => said.includes(text), 20_000);

it('pg-proxy takes the signals of PgBouncer: SIGUSR1 pauses, SIGUSR2 resumes, SIGQUIT ends at once', async () => {
  child.kill('SIGUSR1');
  await heard('pg-proxy is paused');
  child.kill('SIGUSR2');
  await heard('pg-proxy is resumed');
  const ended = once(child, 'exit');
  child.kill('SIGQUIT');
  expect(await ended).toEqual([0, null]);
  expect(said).not.toContain('Debugger');
});
