import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { SqlFailure } from '@medrex/sql-driver';
import { sqlDriverContract } from '@medrex/sql-driver/testing';
import { pgjdbcJar } from '../testing/pgjdbc.ts';
import { JdbcBridge } from './jdbc-bridge.ts';
import { JdbcDriver } from './jdbc-driver.ts';

const jar = pgjdbcJar();

describeReal('POSTGRES', 'PostgreSQL by JDBC', (where) => {
  if (jar === undefined) {
    it.skip('needs a JDK, and pgjdbc from Maven', () => undefined);
    return;
  }
  const { hostname, port, pathname, username: user, password } = new URL(where);
  const url = `jdbc:postgresql://${hostname}:${port === '' ? '5432' : port}${pathname}`;
  const bridge = new JdbcBridge({ jars: [jar] });
  const driver = new JdbcDriver({ bridge, url, properties: { stringtype: 'unspecified' } });

  beforeAll(async () => bridge.start());
  afterAll(async () => bridge.close());

  sqlDriverContract('the bridge with pgjdbc', async () => {
    return { driver, user, password, place: () => '?', table: 'sql_driver_jdbc' };
  });

  describe('the bridge', () => {
    it('reports why a login failed, and stays usable', async () => {
      const open = driver.open({ user: 'nobody_of_this_name', password: 'x', lost: () => undefined });
      await expect(open).rejects.toMatchObject({ sqlstate: '28000' });
      const connection = await driver.open({ user, password, lost: () => undefined });
      await connection.close();
    });

    it('answers when the driver throws an Error that is not an exception', async () => {
      // A class of pgjdbc whose superclass is missing.
      const properties = { socketFactory: 'org.postgresql.osgi.PGBundleActivator' };
      const broken = new JdbcDriver({ bridge, url, properties }).open({ user, password, lost: () => undefined });
      await expect(broken).rejects.toMatchObject({ sqlstate: 'XX000' });
    });

    it('is restarted when it has ended, and reports its connections as lost', async () => {
      const own = new JdbcBridge({ jars: [jar], heapMb: 64 });
      const other = new JdbcDriver({ bridge: own, url, properties: { stringtype: 'unspecified' } });
      let losses = 0;
      const connection = await other.open({ user, password, lost: () => losses++ });
      const failing = connection.run('SELECT pg_sleep(60)', [], { rowsMax: 1, bytesMax: 1_000 });
      own.kill();
      await expect(failing).rejects.toBeInstanceOf(SqlFailure);
      expect(losses).toBe(1);
      const again = await other.open({ user, password, lost: () => undefined });
      expect(Number(again.processId)).toBeGreaterThan(0);
      await again.close();
      await own.close();
    });
  });
});
