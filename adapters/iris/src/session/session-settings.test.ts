import { describe, expect, it } from '@jest/globals';
import { SessionSettings } from './session-settings.ts';

describe('the settings of a session', () => {
  it('are those of a PostgreSQL in UTC, and the user', () => {
    const reported = new Map(new SessionSettings('app').reported());
    expect(reported.get('TimeZone')).toBe('UTC');
    expect(reported.get('session_authorization')).toBe('app');
    expect(reported.get('client_encoding')).toBe('UTF8');
  });

  it('change and are reported once, whatever the case of their names', () => {
    const settings = new SessionSettings('app');
    settings.set('Application_Name', 'psql', false);
    expect(settings.takeChanges()).toEqual([['application_name', 'psql']]);
    expect(settings.takeChanges()).toEqual([]);
    settings.reset('application_name');
    expect(settings.get('application_name')).toBe('');
  });

  it.each([
    ['no_such_thing', 'x', '42704'],
    ['server_version', '9', '55P02'],
    ['datestyle', 'German', '0A000'],
    ['client_encoding', 'LATIN1', '0A000'],
    ['default_transaction_isolation', 'serializable', '0A000'],
    ['standard_conforming_strings', 'off', '0A000'],
    ['statement_timeout', 'soon', '22023'],
    ['lock_timeout', '-1', '22023'],
  ])('refuse %s = %s', (name, value, sqlstate) => {
    let refusal: unknown;
    try {
      new SessionSettings('app').set(name, value, false);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ report: { sqlstate } });
  });

  it('show durations as PostgreSQL does', () => {
    const settings = new SessionSettings('app');
    expect(settings.timeoutMs('statement_timeout')).toBe(0);
    expect(settings.set('statement_timeout', '90000', false)).toBe('90s');
    expect(settings.timeoutMs('statement_timeout')).toBe(90_000);
  });

  it('are restored by a rollback, and SET LOCAL ends with the transaction', () => {
    const settings = new SessionSettings('app');
    settings.set('search_path', 'a', false);
    settings.begin();
    settings.set('search_path', 'b', false);
    settings.end(false);
    expect(settings.get('search_path')).toBe('a');
    settings.begin();
    settings.set('search_path', 'c', true);
    settings.set('timezone', 'Europe/Berlin', false);
    expect(settings.get('search_path')).toBe('c');
    settings.end(true);
    expect([settings.get('search_path'), settings.get('TimeZone')]).toEqual(['a', 'Europe/Berlin']);
  });

  it('are restored by ROLLBACK TO, and SET LOCAL before it ends with the transaction', () => {
    const settings = new SessionSettings('app');
    settings.begin();
    settings.set('search_path', 'a', true);
    const saved = settings.saved();
    settings.set('search_path', 'b', false);
    settings.set('work_mem', '8MB', false);
    settings.restore(saved);
    expect([settings.get('search_path'), settings.get('work_mem')]).toEqual(['a', '4MB']);
    settings.end(true);
    expect(settings.get('search_path')).toBe('"$user", public');
  });

  it.each([
    ['statement_timeout', '0'],
    ['lc_messages', 'C'],
    ['bytea_output', 'hex'],
  ])('have the default of PostgreSQL for %s, which has no meaning in IRIS', (name, value) => {
    expect(new SessionSettings('app').get(name)).toBe(value);
  });
});
