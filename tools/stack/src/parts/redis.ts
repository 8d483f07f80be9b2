import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { needProgram } from './system-package.ts';
import { expectFree } from '../processes/ports.ts';
import { run } from '../processes/run.ts';
import type { Part } from './part.ts';

/** Redis from the system's packages. */
export const redis: Part = {
  name: 'redis',
  async up(context) {
    const { processes, ports, signal } = context;
    const server = await needProgram(context, 'redis-server', 'redis-server');
    const folder = join(context.folder, 'redis');
    mkdirSync(folder, { recursive: true });
    const port = String(ports.redis);
    if (!processes.isAlive('redis')) {
      await expectFree('redis', [ports.redis]);
      const args = ['--bind', '127.0.0.1', '--port', port, '--dir', folder, '--appendonly', 'yes', '--daemonize', 'no'];
      processes.start('redis', server, args, { cwd: folder });
    }
    const client = join(server, '..', 'redis-cli');
    await processes.ready(
      'redis',
      async () => (await run(client, ['-p', port, 'ping'], signal)).includes('PONG'),
      signal,
    );
    const url = `redis://127.0.0.1:${port}`;
    return { MEDREX_TEST_REDIS: url, MEDREX_REDIS_URL: url };
  },
};
