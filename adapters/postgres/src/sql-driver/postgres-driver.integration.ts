import { describeReal } from '@medrex/contracts/testing';
import { sqlDriverContract } from '@medrex/sql-driver/testing';
import { PostgresDriver } from './postgres-driver.ts';

describeReal('POSTGRES', 'PostgreSQL by pg', (where) => {
  const { username: user, password } = new URL(where);
  sqlDriverContract('pg', async () => {
    const driver = new PostgresDriver({ connectionString: where });
    return { driver, user, password, place: (nth) => `$${nth}`, table: 'sql_driver_pg' };
  });
});
