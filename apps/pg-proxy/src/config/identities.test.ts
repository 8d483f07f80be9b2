import { describe, expect, it } from '@jest/globals';
import { Identities, type Identity } from './identities.ts';

const as = (name: string, user?: string, database?: string): Identity => ({
  user,
  database,
  as: name,
  password: undefined,
});

describe('Identities', () => {
  const identities = new Identities(
    [as('both', 'alice', 'clinic'), as('everywhere', 'alice'), as('all', undefined, 'lab')],
    new Map([['clinic', as('shared')]]),
  );
  it.each([
    ['alice', 'clinic', 'both'],
    ['alice', 'lab', 'everywhere'],
    ['bob', 'lab', 'all'],
    ['bob', 'clinic', 'shared'],
    ['bob', 'other', undefined],
  ])('%s in %s is %s', (user, database, expected) => {
    expect(identities.find(user, database, database)?.as).toBe(expected);
  });
});
