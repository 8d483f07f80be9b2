import { describe, expect, it } from '@jest/globals';
import { RuleLists } from './rules.ts';

describe('lists of rules', () => {
  const everybody = { tables: ['ward'] };
  const ofDoctor = { users: ['doctor'] };
  const ofArchive = { databases: ['archive'] };

  it('contain the rules for a user and database, in their order', () => {
    const lists = new RuleLists([ofDoctor, everybody, ofArchive]);
    expect(lists.of('ward', 'nurse')).toEqual([everybody]);
    expect(lists.of('ward', 'doctor')).toEqual([ofDoctor, everybody]);
    expect(lists.of('archive', 'doctor')).toEqual([ofDoctor, everybody, ofArchive]);
    expect(new RuleLists([]).of('ward', 'nurse')).toEqual([]);
  });

  it('are the same object for all users with the same rules', () => {
    const lists = new RuleLists([ofDoctor, everybody]);
    expect(lists.of('ward', 'nurse')).toBe(lists.of('archive', 'porter'));
    expect(lists.of('ward', 'nurse')).not.toBe(lists.of('ward', 'doctor'));
  });
});
