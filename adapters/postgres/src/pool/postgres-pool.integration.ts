import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal, eventually, TcpProxy } from '@medrex/contracts/testing';
import { PostgresPatientVault } from '../patient-vault/postgres-patient-vault.ts';
import { TestSchema } from '../testing/a-schema.ts';

const mrn = (value: string): { system: string; value: string } => ({ system: 'urn:example:mrn', value });

describeReal('POSTGRES', 'the pool of connections', (url) => {
  let schema: TestSchema;
  beforeEach(() => {
    schema = new TestSchema(url);
  });
  afterEach(() => schema.drop());

  it('limits connections and waiting calls, and refuses more', async () => {
    const pool = schema.pool({ connectionsMax: 2, waitingMax: 3 });
    const waits: number[] = [];
    pool.onWaited((ms) => waits.push(ms));
    let free = (): void => undefined;
    const held = new Promise<void>((done) => (free = done));
    const calls = Array.from({ length: 6 }, () => pool.use(() => held));
    await expect(calls[5]).rejects.toMatchObject({ code: 'POSTGRES_POOL_FULL', retryable: true });
    await eventually(() => (pool.state().inUse === 2 ? true : undefined));
    expect(pool.state()).toEqual({ inUse: 2, idle: 0, waiting: 3, connectionsMax: 2 });
    free();
    await Promise.all(calls.slice(0, 5));
    expect(pool.state()).toEqual({ inUse: 0, idle: 2, waiting: 0, connectionsMax: 2 });
    expect(waits).toHaveLength(5);
  });

  it('times out calls that wait too long for a connection, and statements that take too long', async () => {
    const pool = schema.pool({ connectionsMax: 2, connectTimeoutMs: 1_000, statementTimeoutMs: 3_000 });
    const slow = [
      pool.use((client) => client.query('SELECT pg_sleep(30)')),
      pool.use((client) => client.query('SELECT pg_sleep(30)')),
    ];
    await expect(pool.use(async () => undefined)).rejects.toMatchObject({ code: 'POSTGRES_FAILED', retryable: true });
    for (const one of slow)
      await expect(one).rejects.toMatchObject({
        code: 'POSTGRES_FAILED',
        message: expect.stringContaining('57014') as unknown,
      });
    await pool.use((client) => client.query('SELECT 1'));
  });

  it('shows no password in its errors', async () => {
    const pool = schema.pool({
      password: () => 'not-the-password-4711',
      address: { ...schema.options.address, user: 'nobody' },
    });
    const failure = await pool.use(async () => undefined).catch((error: unknown) => error);
    expect((failure as Error).message).toMatch(/failed: 28/);
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('4711');
  });

  it.each(['cut', 'silence'] as const)(
    'tells that the vault is gone when its way is %s, and goes on when it is back',
    async (how) => {
      const proxy = await TcpProxy.to(schema.options.address);
      try {
        const address = { ...schema.options.address, host: '127.0.0.1', port: proxy.port };
        const pool = schema.pool({ address, connectTimeoutMs: 300, statementTimeoutMs: 300 });
        const vault = await PostgresPatientVault.open(pool, {
          schema: schema.name,
          tenantKeys: () => [Buffer.alloc(32, 7)],
        });
        const [before] = await vault.findOrCreate([[mrn('1')]]);
        let failures = 0;
        pool.onConnectionFailed(() => (failures += 1));
        proxy[how]();
        for (const value of ['1', '2']) {
          await expect(vault.findOrCreate([[mrn(value)]])).rejects.toMatchObject({
            code: 'VAULT_UNAVAILABLE',
            retryable: true,
          });
        }
        expect(failures).toBeGreaterThan(0);
        proxy.restore();
        const found = await eventually(() => vault.findOrCreate([[mrn('1')], [mrn('2')]]).catch(() => undefined));
        expect(found).toMatchObject([{ isNew: false, patient: before!.patient }, { isNew: true }]);
      } finally {
        await proxy.close();
      }
    },
  );

  it('goes on after the server ended every connection', async () => {
    const pool = schema.pool();
    const vault = await PostgresPatientVault.open(pool, {
      schema: schema.name,
      tenantKeys: () => [Buffer.alloc(32, 7)],
    });
    await vault.tenantSubjectKey();
    await pool.use(async (client) => {
      const { rows } = await client.query<{ readonly pid: number }>('SELECT pg_backend_pid() AS pid');
      await schema.sql('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    });
    expect(await eventually(() => vault.tenantSubjectKey().catch(() => undefined))).toHaveLength(32);
  });
});
