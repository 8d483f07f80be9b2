import { afterEach, describe, expect, it } from '@jest/globals';
import { query, sync } from '@medrex/pg-wire';
import { SqlFailure } from '@medrex/sql-driver';
import { bound, executed, parsed, patients } from '../testing/patients.ts';
import { SessionRig } from '../testing/session-rig.ts';

let rig: SessionRig;

afterEach(async () => rig.close());

const tooLate = 'E ERROR 57014 canceling statement due to statement timeout';

/** A session in which a count runs until it is cancelled. */
async function startSlow(): Promise<SessionRig> {
  rig = await SessionRig.start((sql) => {
    if (!sql.includes('COUNT')) return sql.startsWith('SELECT') ? patients : 1;
    return new Promise((_, reject) => {
      rig.driver.cancelled = () => reject(new SqlFailure('Request cancelled', { sqlcode: -456, sqlstate: 'S1000' }));
    });
  });
  return rig;
}

const slow = 'select count(*) from patients';

describe("a client's statement_timeout", () => {
  it.each(["set statement_timeout = '1ms'", "select set_config('statement_timeout', '1', false)"])(
    'ends what lasts longer by a cancel, after %s',
    async (set) => {
      await startSlow();
      await rig.ask(query(set));
      expect(await rig.ask(query(slow))).toEqual([tooLate, 'Z I']);
      expect(rig.heard()).toEqual(['SELECT COUNT(*) FROM patients', 'cancel']);
      expect(await rig.ask(parsed(slow), bound('', []), executed(), sync())).toEqual(['1', '2', tooLate, 'Z I']);
    },
  );

  it('applies to a transaction by SET LOCAL, and fails it', async () => {
    await startSlow();
    await rig.ask(query('begin; set local statement_timeout = 1'));
    expect(await rig.ask(query(slow))).toEqual([tooLate, 'Z E']);
    await rig.ask(query('rollback'));
    expect(await rig.ask(query('show statement_timeout'))).toContain('D 0');
    expect(rig.heard()).toEqual(['begin read committed', 'SELECT COUNT(*) FROM patients', 'cancel', 'rollback']);
  });

  it('is checked before each step of a statement; completed steps stay', async () => {
    rig = await SessionRig.start(() => new Promise((resolve) => (rig.driver.cancelled = () => resolve(1))));
    await rig.ask(query("set statement_timeout = '1ms'"));
    const upsert = "insert into patients (id, name) values (1, 'x') on conflict (id) do update set name = 'y'";
    expect(await rig.ask(query(`${upsert} returning id`))).toEqual([tooLate, 'Z I']);
    expect(rig.heard()).toEqual([
      'begin read committed',
      expect.stringMatching(/^UPDATE patients /),
      'cancel',
      'rollback',
    ]);
    expect(await rig.ask(query('delete from patients'))).toEqual(['C DELETE 1', 'Z I']);
  });
});

describe("a client's lock_timeout", () => {
  it('is set in the process in whole seconds, before statements that may wait, and only if it differs', async () => {
    rig = await SessionRig.start(() => 1);
    const change = query('update patients set active = true');
    const told = async (): Promise<string[]> => (await rig.ask(change), rig.heard().slice(0, -1));
    expect(await told()).toEqual([]);
    await rig.ask(query("set lock_timeout = '1500ms'"));
    expect(await told()).toEqual(['SET OPTION LOCK_TIMEOUT = 2']);
    expect(await told()).toEqual([]);
    await rig.ask(query('reset lock_timeout'));
    expect(await told()).toEqual(['SET OPTION LOCK_TIMEOUT = 10']);
  });

  it('is zero for NOWAIT', async () => {
    rig = await SessionRig.start((sql) => (sql.startsWith('SELECT') ? patients : 1));
    await rig.ask(query('select id from patients where id = 1 for update nowait'));
    expect(rig.heard()).toEqual([
      'begin read committed',
      'SET OPTION LOCK_TIMEOUT = 0',
      'UPDATE patients SET active = active WHERE id = 1',
      'SET OPTION LOCK_TIMEOUT = 10',
      'SELECT id FROM patients WHERE id = 1',
      'commit',
    ]);
  });
});

describe("a client's idle_in_transaction_session_timeout", () => {
  it('ends a session that is idle in a transaction', async () => {
    rig = await SessionRig.start(() => 1);
    await rig.ask(query("set idle_in_transaction_session_timeout = '1ms'"));
    await rig.ask(query('delete from patients'), query('begin'));
    expect(await rig.until('closed')).toContain(
      'E FATAL 25P03 terminating connection due to idle-in-transaction timeout',
    );
    expect(rig.heard().at(-1)).toBe('close');
  });
});
