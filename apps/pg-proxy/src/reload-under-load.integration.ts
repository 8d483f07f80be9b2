import { afterEach, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTelemetry } from '@medrex/telemetry';
import pg from 'pg';
import { startPgProxy, type RunningPgProxy } from './start-pg-proxy.ts';

describeReal('POSTGRES', 'RELOAD while fifty clients work', (where) => {
  const url = new URL(where);
  const folder = mkdtempSync(join(tmpdir(), 'medrex-reload-'));
  const role = `reload_${process.pid}`;
  let running: RunningPgProxy | undefined;
  const direct = new pg.Client({ connectionString: where });
  afterEach(async () => {
    await running?.close();
    await direct.query(`drop role ${role}`);
    await direct.end();
    rmSync(folder, { recursive: true });
  });

  const write = (round: number): void => {
    // Users come from the upstream, the secret of who asks and the sizes are others each time.
    writeFileSync(join(folder, 'asker'), `secret ${round}`);
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({
        listen: { port: 0 },
        metrics: { port: 0 },
        upstreams: { main: { host: url.hostname, port: Number(url.port) } },
        databases: { '*': { upstream: 'main' } },
        users: { [role]: { size: 4 + (round % 3), queryTimeoutMs: 60_000 + round } },
        auth: {
          query: {
            user: url.username,
            password: { file: 'asker' },
            sql: 'SELECT rolname, rolpassword FROM pg_catalog.pg_authid WHERE rolname = $1',
          },
        },
        pool: { waitTimeoutMs: 60_000 },
      }),
    );
  };

  it('disconnects nobody and fails no transaction; a changed password is accepted, the old one is not', async () => {
    await direct.connect();
    await direct.query(`create role ${role} login password 'first'`);
    write(0);
    const telemetry = createTelemetry({ service: 'pg-proxy', traceRatio: 0, writeLog: () => undefined });
    const proxy = await startPgProxy({ file: join(folder, 'config.json'), environment: {}, telemetry });
    running = proxy;
    const client = (password: string): pg.Client =>
      new pg.Client({ host: '127.0.0.1', port: proxy.proxy.port, user: role, password, database: 'postgres' });
    const clients = Array.from({ length: 50 }, () => client('first'));
    const lost: Error[] = [];
    for (const one of clients) one.on('error', (error) => lost.push(error));
    await Promise.all(clients.map((one) => one.connect()));
    const end = { isOver: false };
    let transactions = 0;
    const work = clients.map(async (one) => {
      while (!end.isOver) {
        await one.query('begin');
        await one.query('select $1::int', [transactions]);
        await one.query('commit');
        transactions += 1;
      }
    });
    for (let round = 1; round <= 20; round += 1) {
      write(round);
      proxy.reload();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await direct.query(`alter role ${role} password 'second'`);
    proxy.reload();
    const late = client('second');
    await late.connect();
    await late.end();
    await expect(client('first').connect()).rejects.toThrow('password authentication failed');
    end.isOver = true;
    await Promise.all(work);
    expect(lost).toEqual([]);
    expect(transactions).toBeGreaterThan(50);
    expect(proxy.proxy.host.clients.size).toBe(50);
    await Promise.all(clients.map((one) => one.end()));
    await telemetry.close();
  });
});
