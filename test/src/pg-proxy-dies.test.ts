import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../apps/medrex/bin/medrex.js', import.meta.url));
/** Code that throws an unforeseen error at a signal. */
const failing = (what: string): string => `process.on('SIGUSR2', ${what})`;
const error = `new SyntaxError(['Ko', 'epp is not valid'].join(''))`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'medrex-dies-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each([
  ['an exception', `() => { throw ${error}; }`],
  ['a promise', `() => { void Promise.reject(${error}); }`],
])('pg-proxy that ends by %s says where, and not what it was told', async (_what, fails) => {
  const file = join(folder, 'config.json');
  const config = { listen: { port: 0 }, metrics: { port: 0 }, auth: { method: 'any' } };
  const databases = { app: { upstream: 'main', user: 'app' } };
  writeFileSync(file, JSON.stringify({ ...config, upstreams: { main: { port: 1 } }, databases }));
  const first = `data:text/javascript,${encodeURIComponent(failing(fails))}`;
  const child = spawn(process.execPath, ['--import', first, bin, 'pg-proxy', '--config', file]);
  let [out, err] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const up = new Promise<void>((isUp) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes('PostgreSQL at')) isUp();
    });
  });
  const ended = once(child, 'exit');
  await Promise.race([up, ended]);
  child.kill('SIGUSR2');
  expect(await ended).toEqual([1, null]);
  expect(err).toMatch(/"pg-proxy ends because of an internal error"/);
  expect(err).toMatch(/"name":"SyntaxError","stack":\["at /);
  expect(out + err).not.toContain('Koepp');
});
