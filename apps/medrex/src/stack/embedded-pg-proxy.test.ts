import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isCodedError } from '@medrex/coded-error';
import { PostgresPool } from '@medrex/postgres';
import { eventually } from '@medrex/contracts/testing';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPgProxy } from './embedded-pg-proxy.ts';

const patienceMs = 120_000;

/** Where PostgreSQL cannot run, this only tests that the reason is reported. */
describe('pg-proxy in medrex start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'medrex-beside-'));
  // As root, PostgreSQL runs as another user, who must be able to reach its own folder in here.
  chmodSync(folder, 0o711);
  let up: EmbeddedPgProxy | undefined;
  let reason: unknown;
  const start = async (): Promise<void> => {
    up = undefined;
    up = await EmbeddedPgProxy.start(folder).catch((error: unknown) => {
      reason = error;
      return undefined;
    });
  };
  beforeAll(start, patienceMs);
  afterAll(async () => {
    await up?.stop();
    rmSync(folder, { recursive: true });
  }, patienceMs);

  it(
    'answers at the address shown and keeps its data over a restart, or reports in one line why it cannot',
    async () => {
      if (up === undefined) {
        expect(isCodedError(reason) && reason.code).toBe('POSTGRES_EMBEDDED_UNAVAILABLE');
        expect((reason as Error).message).toMatch(/^.{10,}$/);
        return;
      }
      await ask(up, 'create table kept as select 7 as a');
      await up.stop();
      await start();
      expect(await ask(up, 'select a from kept')).toEqual([{ a: 7 }]);
    },
    patienceMs,
  );

  it(
    'stops although its PostgreSQL has been stopped by somebody else',
    async () => {
      if (up === undefined) return;
      const pidFile = join(folder, 'postgres', 'data', 'postmaster.pid');
      process.kill(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), 'SIGINT');
      await eventually(() => !existsSync(pidFile), 30_000);
      await up.stop();
      up = undefined;
    },
    patienceMs,
  );
});

async function ask(proxy: EmbeddedPgProxy, text: string): Promise<unknown[]> {
  const { hostname: host, port, username: user, password, pathname } = new URL(proxy.urls['postgres'] ?? '');
  const pool = new PostgresPool({
    address: { host, port: Number(port), user, database: pathname.slice(1), password: undefined },
    shownAs: host,
    password: () => password,
    tls: undefined,
    connectionsMax: 2,
    waitingMax: 1,
    connectTimeoutMs: 30_000,
    statementTimeoutMs: 30_000,
  });
  try {
    return (await pool.use((client) => client.query(text))).rows as unknown[];
  } finally {
    await pool.close();
  }
}
