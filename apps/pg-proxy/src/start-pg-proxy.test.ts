import { expect, it } from '@jest/globals';
import { freePort } from '@medrex/contracts/testing';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPgProxy } from './start-pg-proxy.ts';

it('listens nowhere where the port of metrics is taken, and says which that is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'medrex-pg-proxy-'));
  const [port, taken] = [await freePort(), createServer()];
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const metrics = { port: (taken.address() as { port: number }).port };
  const file = join(folder, 'config.json');
  writeFileSync(join(folder, 'users.txt'), '"app" "secret"\n');
  const listen = { port, socket: { folder } };
  writeFileSync(
    file,
    JSON.stringify({ listen, metrics, upstreams: {}, databases: {}, auth: { userFile: 'users.txt' } }),
  );
  const words = `metrics: port ${metrics.port} of 127.0.0.1 cannot be listened on`;
  await expect(startPgProxy({ file, environment: { LOG_LEVEL: 'silent' } })).rejects.toThrow(words);
  const again = createServer();
  await new Promise<void>((resolve, reject) => again.once('error', reject).listen(port, '127.0.0.1', resolve));
  await Promise.all([again, taken].map((server) => new Promise((closed) => server.close(closed))));
  rmSync(folder, { recursive: true });
});
