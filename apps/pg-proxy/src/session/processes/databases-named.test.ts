import { describe, expect, it } from '@jest/globals';
import { databasesNamed } from './databases-named.ts';

describe('databases that must be left', () => {
  it.each([
    ['DROP DATABASE IF EXISTS Clinic', 'clinic'],
    ['  /* of a test */ drop\ndatabase "Clinic ""2"""', 'Clinic "2"'],
    ['create database copy template clinic', 'clinic'],
    ['create database copy', 'template1'],
    ['-- away\nalter database clinic rename to other', 'clinic'],
    [Buffer.from('drop database klinik_münchen').toString('latin1'), 'klinik_münchen'],
  ])('%s', (text, database) => {
    expect(databasesNamed(text)).toContain(database);
  });

  it.each(['', 'commit', 'select 1 -- drop database clinic', 'create table database (a int)', 'drop databases'])(
    'are none: %j',
    (text) => {
      expect(databasesNamed(text)).toBeUndefined();
    },
  );
});
