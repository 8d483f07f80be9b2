import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SqlConnection, SqlDriver, SqlPage } from '../sql-driver.ts';
import { SqlFailure } from '../sql-failure.ts';
import type { SqlValue } from '../sql-value.ts';

/** The driver under test, whose server must accept this suite's SQL, which is PostgreSQL's. */
export interface SqlDriverSubject {
  readonly driver: SqlDriver;
  readonly user: string;
  readonly password: string;
  /** The placeholder of the nth parameter. */
  readonly place: (nth: number) => string;
  /** Name of a table that the suite may create and drop. */
  readonly table: string;
}

const page = { rowsMax: 100, bytesMax: 1_000_000 };
const texts = ({ rows }: SqlPage): (string | null)[][] =>
  rows.map((row) => row.map((cell) => (cell === null ? null : Buffer.from(cell).toString('utf8'))));

/** The contract of `SqlDriver`, run against one implementation. */
export function sqlDriverContract(title: string, make: () => Promise<SqlDriverSubject>): void {
  describe(`${title} as a driver`, () => {
    let subject: SqlDriverSubject;
    let connection: SqlConnection;
    let losses: number;

    const open = async (): Promise<SqlConnection> =>
      subject.driver.open({ user: subject.user, password: subject.password, lost: () => losses++ });
    const run = async (sql: string, ...parameters: SqlValue[]): Promise<(string | null)[][]> => {
      const answer = await connection.run(sql, parameters, page);
      return answer.kind === 'rows' ? texts(answer.first) : [[String(answer.rows)]];
    };
    const failureOf = async (doing: Promise<unknown>): Promise<SqlFailure> =>
      doing.then(
        () => {
          throw new Error('it did not fail');
        },
        (error: unknown) => {
          if (error instanceof SqlFailure) return error;
          throw error;
        },
      );

    beforeEach(async () => {
      subject = await make();
      losses = 0;
      connection = await open();
      await connection.run(`DROP TABLE IF EXISTS ${subject.table}`, [], page);
      await connection.run(`CREATE TABLE ${subject.table} (id INTEGER PRIMARY KEY, name VARCHAR(50))`, [], page);
    });

    afterEach(async () => {
      await connection.rollback().catch(() => undefined);
      await connection.run(`DROP TABLE IF EXISTS ${subject.table}`, [], page).catch(() => undefined);
      await connection.close();
    });

    const insert = (id: number): Promise<unknown> =>
      connection.run(
        `INSERT INTO ${subject.table} VALUES (${subject.place(1)}, 'x')`,
        [{ as: 'integer', text: String(id) }],
        page,
      );
    const ids = async (): Promise<unknown> => (await run(`SELECT id FROM ${subject.table} ORDER BY id`)).flat();

    it('answers with columns, their types and rows', async () => {
      const answer = await connection.run("SELECT 1 AS one, 'é' AS two, CAST(NULL AS DATE) AS three", [], page);
      if (answer.kind !== 'rows') throw new Error('no rows');
      expect(answer.columns.map(({ label, code }) => [label.toLowerCase(), code])).toEqual([
        ['one', 4],
        ['two', 12],
        ['three', 91],
      ]);
      expect([texts(answer.first), answer.first.isLast]).toEqual([[['1', 'é', null]], true]);
    });

    it('binds each kind of parameter with its type', async () => {
      const cast = (nth: number, type: string): string => `CAST(${subject.place(nth)} AS ${type})`;
      const types = ['INTEGER', 'NUMERIC(10, 2)', 'DOUBLE PRECISION', 'VARCHAR(50)', 'DATE', 'TIMESTAMP', 'INTEGER'];
      const rows = await run(
        `SELECT ${types.map((type, at) => cast(at + 1, type)).join(', ')}`,
        { as: 'integer', text: '-7' },
        { as: 'decimal', text: '12.50' },
        { as: 'double', text: '0.5' },
        { as: 'text', text: "O'Hara ? é" },
        { as: 'date', text: '1850-06-15' },
        { as: 'timestamp', text: '2024-02-29 23:59:59' },
        null,
      );
      const [[integer, decimal, double, text, date, time, nothing] = []] = rows;
      expect([integer, Number(decimal), Number(double), text, date, nothing]).toEqual([
        '-7',
        12.5,
        0.5,
        "O'Hara ? é",
        '1850-06-15',
        null,
      ]);
      expect(time?.slice(0, 19)).toBe('2024-02-29 23:59:59');
    });

    it('describes a statement without running it', async () => {
      const { columns, parameters } = await connection.describe(
        `SELECT id, name FROM ${subject.table} WHERE id = ${subject.place(1)}`,
      );
      expect(columns?.map(({ label }) => label.toLowerCase())).toEqual(['id', 'name']);
      expect(parameters).toHaveLength(1);
      const change = await connection.describe(`DELETE FROM ${subject.table}`);
      expect(change.columns).toBeUndefined();
    });

    it('counts changed rows', async () => {
      await insert(1);
      await insert(2);
      expect(await run(`UPDATE ${subject.table} SET name = 'y'`)).toEqual([['2']]);
      const batch = [3, 4, 5].map((id): SqlValue[] => [{ as: 'integer', text: String(id) }, null]);
      const sql = `INSERT INTO ${subject.table} VALUES (${subject.place(1)}, ${subject.place(2)})`;
      expect(await connection.runMany(sql, batch)).toBe(3);
      expect(await ids()).toEqual(['1', '2', '3', '4', '5']);
    });

    it('returns rows by pages, and interleaves several cursors of one transaction', async () => {
      await connection.begin({ isolation: 'read committed', isReadOnly: false });
      for (const id of [1, 2, 3, 4, 5]) await insert(id);
      const small = { rowsMax: 2, bytesMax: 1_000 };
      const sql = `SELECT id FROM ${subject.table} ORDER BY id`;
      const [one, other] = [await connection.run(sql, [], small), await connection.run(`${sql} DESC`, [], small)];
      if (one.kind !== 'rows' || other.kind !== 'rows') throw new Error('no rows');
      expect([texts(one.first), one.first.isLast]).toEqual([[['1'], ['2']], false]);
      expect(texts(other.first)).toEqual([['5'], ['4']]);
      expect(texts(await one.cursor.next(small))).toEqual([['3'], ['4']]);
      await other.cursor.close();
      const last = await one.cursor.next(small);
      expect([texts(last), last.isLast]).toEqual([[['5']], true]);
      await connection.commit();
    });

    it('closes a cursor before its end, and stays usable', async () => {
      for (const id of [1, 2, 3]) await insert(id);
      const answer = await connection.run(`SELECT id FROM ${subject.table}`, [], { rowsMax: 1, bytesMax: 1_000 });
      if (answer.kind === 'rows') await answer.cursor.close();
      expect(await ids()).toEqual(['1', '2', '3']);
    });

    it('keeps the changes of a committed transaction and not those of a rolled back one', async () => {
      await connection.begin({ isolation: 'read committed', isReadOnly: false });
      await insert(1);
      await connection.rollback();
      await connection.begin({ isolation: 'read committed', isReadOnly: false });
      await insert(2);
      const other = await open();
      const seen = await other.run(`SELECT id FROM ${subject.table}`, [], page);
      expect(seen.kind === 'rows' && texts(seen.first)).toEqual([]);
      await connection.commit();
      await other.close();
      expect(await ids()).toEqual(['2']);
    });

    it('reports an error of the server by its SQLSTATE, and stays usable', async () => {
      expect(await failureOf(connection.run('SELECT nothing_like_it FROM nowhere', [], page))).toMatchObject({
        sqlstate: '42P01',
        isFatal: false,
      });
      await insert(1);
      expect(await failureOf(insert(1))).toMatchObject({ sqlstate: '23505' });
      expect(await ids()).toEqual(['1']);
    });

    it('ends a running statement on cancel', async () => {
      const running = failureOf(connection.run('SELECT pg_sleep(60)', [], page));
      const other = await open();
      const isRunning = async (): Promise<boolean> => {
        const sql = `SELECT count(*) FROM pg_stat_activity WHERE pid = ${connection.processId} AND wait_event = 'PgSleep'`;
        const answer = await other.run(sql, [], page);
        return answer.kind === 'rows' && texts(answer.first)[0]?.[0] === '1';
      };
      while (!(await isRunning()));
      await connection.cancel();
      expect(await running).toMatchObject({ sqlstate: '57014', isFatal: false });
      await other.close();
      expect(await run('SELECT 1')).toEqual([['1']]);
    });

    it('cancels nothing if no statement runs', async () => {
      await connection.cancel();
      expect(await run('SELECT 1')).toEqual([['1']]);
    });

    it('calls lost once when a connection is lost, and not when it is closed', async () => {
      const other = await open();
      await other.close();
      expect(losses).toBe(0);
      const victim = await open();
      await connection.run(`SELECT pg_terminate_backend(${victim.processId})`, [], page);
      expect((await failureOf(victim.run('SELECT 1', [], page))).isFatal).toBe(true);
      while (losses === 0) await new Promise((resolve) => setImmediate(resolve)); // `lost` may be called a moment later
      expect(losses).toBe(1);
    });

    it('holds only a few pages of a result in memory, however large it is', async () => {
      const count = Number(process.env['MEDREX_DRIVER_ROWS'] ?? 250_000);
      const row = 'x'.repeat(1_000);
      const before = process.memoryUsage().rss;
      const sql = `SELECT '${row}' || n FROM generate_series(1, ${count}) AS n`;
      const answer = await connection.run(sql, [], { rowsMax: 500, bytesMax: 256 * 1024 });
      if (answer.kind !== 'rows') throw new Error('no rows');
      let [rows, most] = [answer.first.rows.length, 0];
      for (let { isLast } = answer.first; !isLast;) {
        const next = await answer.cursor.next({ rowsMax: 500, bytesMax: 256 * 1024 });
        rows += next.rows.length;
        isLast = next.isLast;
        most = Math.max(most, process.memoryUsage().rss - before);
      }
      expect(rows).toBe(count);
      expect(most).toBeLessThan(180_000_000);
    });
  });
}
