import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { freePort } from '@medrex/contracts/testing';
import { createTelemetry } from '@medrex/telemetry';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPgProxyConfig, startPgProxy } from './start-pg-proxy.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'medrex-pg-proxy-'));
  writeFileSync(join(folder, 'users.txt'), '"app" "secret"\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

function configured(more: object): string {
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify({ upstreams: {}, databases: {}, auth: { userFile: 'users.txt' }, ...more }));
  return file;
}

it('listens nowhere if the port of metrics is taken, and says which port that is', async () => {
  const [port, taken] = [await freePort(), createServer()];
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const metrics = { port: (taken.address() as { port: number }).port };
  const file = configured({ listen: { port, socket: { folder } }, metrics });
  const words = `metrics: port ${metrics.port} of 127.0.0.1 cannot be listened on: listen EADDRINUSE: `;
  await expect(startPgProxy({ file, environment: { LOG_LEVEL: 'silent' } })).rejects.toThrow(words);
  const again = createServer();
  await new Promise<void>((resolve, reject) => again.once('error', reject).listen(port, '127.0.0.1', resolve));
  await Promise.all([again, taken].map((server) => new Promise((closed) => server.close(closed))));
});

it('leaves nothing open if its own port is taken, so that its process ends', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const cache = { metadata: true, redis: { port: await freePort() } };
  const file = configured({ listen: { port }, metrics: { port: 0 }, cache });
  const child = join(import.meta.dirname, 'testing/failing-start.ts');
  const asked = ['--conditions=@medrex/source', child, file];
  const { stdout, signal } = spawnSync(process.execPath, asked, { encoding: 'utf8', timeout: 30_000 });
  await new Promise((closed) => taken.close(closed));
  expect(stdout).toContain(`port ${port} of 127.0.0.1 cannot be listened on`);
  expect(signal).toBeNull();
});

it('reports an environment that it could not start with, before it starts', () => {
  const file = configured({});
  expect(checkPgProxyConfig({ file, environment: {} }).users.size).toBe(1);
  for (const environment of [{ MEDREX_LOG_LEVEL: 'loud' }, { MEDREX_OTLP_URL: 'nowhere' }])
    expect(() => checkPgProxyConfig({ file, environment })).toThrow(`at ${Object.keys(environment).join()}`);
});

it('reports an unusable statistics folder, and goes on without it', async () => {
  const lines: string[] = [];
  const telemetry = createTelemetry({ service: 'pg-proxy', traceRatio: 0, writeLog: (line) => lines.push(line) });
  const file = configured({ listen: { port: 0 }, metrics: { port: 0 }, statistics: { folder: 'users.txt/kept' } });
  const running = await startPgProxy({ file, environment: {}, telemetry });
  await running.close();
  await telemetry.close();
  const [first = '{}'] = lines;
  expect(JSON.parse(first)).toMatchObject({ error: { code: 'PG_PROXY_STATISTICS', cause: { code: 'ENOTDIR' } } });
});
