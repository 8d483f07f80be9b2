import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { readConfiguration } from './configuration.ts';
import { identityOf } from './processes/identity.ts';
import { ScratchStack, root } from './testing/scratch-stack.ts';

const upFlags = ['--offset', 'auto', '--only', 'redis,postgres'];

describeReal('POSTGRES', 'npm run stack', () => {
  const stack = new ScratchStack();
  afterAll(() => stack.remove());

  it('starts the requested parts, and a second up changes nothing', () => {
    expect(stack.run('up', upFlags)).toMatchObject({ status: 0 });
    const first = stack.status();
    expect(first.processes.map(({ name, isRunning }) => ({ name, isRunning }))).toEqual([
      { name: 'redis', isRunning: true },
      { name: 'postgres', isRunning: true },
    ]);
    expect(stack.run('up', upFlags)).toMatchObject({ status: 0 });
    expect(stack.status()).toEqual(expect.objectContaining({ env: first.env }));
    expect(stack.pidOf('postgres')).toBe(first.processes[1]?.pid);
  });

  it('reports a killed part, and restarts only that one', async () => {
    const [redis, postgres] = [stack.pidOf('redis'), stack.pidOf('postgres')];
    process.kill(redis, 'SIGKILL');
    await eventually(() => identityOf(redis) === undefined);
    expect(stack.run('status')).toMatchObject({ status: 1 });
    expect(stack.run('up', upFlags)).toMatchObject({ status: 0 });
    expect(stack.pidOf('redis')).not.toBe(redis);
    expect(stack.pidOf('postgres')).toBe(postgres);
  });

  it('leaves nothing running after down, and a second down is not an error', () => {
    const pids = stack.status().processes.map(({ pid }) => pid);
    expect(stack.run('down')).toMatchObject({ status: 0 });
    expect(pids.map(identityOf)).toEqual([undefined, undefined]);
    expect(stack.status()).toMatchObject({ processes: [], env: {} });
    expect(stack.run('down')).toMatchObject({ status: 0 });
  });

  it('stops what it started when it is interrupted', async () => {
    const up = stack.spawn('up', upFlags);
    await eventually(() => stack.pidOf('redis') > 0, 60_000);
    const pid = stack.pidOf('redis');
    up.kill('SIGINT');
    await once(up, 'exit');
    expect(identityOf(pid)).toBeUndefined();
    expect(stack.status().processes).toEqual([]);
  });

  it('removes its folder with down --clean', () => {
    expect(stack.run('down', ['--clean'])).toMatchObject({ status: 0 });
    expect(existsSync(stack.folder)).toBe(false);
  });
});

describe('npm run stack with a problem', () => {
  const stack = new ScratchStack();
  const busy = createServer();
  beforeAll(async () => {
    busy.listen(0, '127.0.0.1');
    await once(busy, 'listening');
  });
  afterAll(() => {
    busy.close();
    stack.remove();
  });

  it('names the missing programs of Fabric, how to get them, and the alternative', () => {
    const { status, stderr } = stack.run('up', ['--only', 'fabric'], { FABRIC_BIN: stack.folder });
    expect(status).toBe(1);
    expect(stderr).toContain('peer, orderer, configtxgen, cryptogen, osnadmin');
    expect(stderr).toContain('--ledger devnet');
  });

  it('names the part whose port is in use by another program', () => {
    const address = busy.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const offset = String(port - readConfiguration(root).ports.redis);
    const { status, stderr } = stack.run('up', ['--only', 'redis', '--offset', offset]);
    expect(status).toBe(1);
    expect(stderr).toContain(`redis: 127.0.0.1:${port} cannot be used (EADDRINUSE)`);
  });
});
