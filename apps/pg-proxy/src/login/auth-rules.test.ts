import { describe, expect, it } from '@jest/globals';
import { AuthRules } from './auth-rules.ts';

const rules = new AuthRules({
  method: 'scram-sha-256',
  rules: [
    { users: ['guest'], method: 'reject' },
    { databases: ['lab'], users: ['robot'], addresses: ['::ffff:10.0.0.0/104', '::1'], method: 'trust' },
    { tls: true, method: 'ldap' },
    { addresses: ['127.0.0.1'], method: 'md5' },
    { users: ['operator'], addresses: ['unix'], method: 'password' },
  ],
});

describe('AuthRules', () => {
  it.each([
    ['guest', 'lab', '10.1.1.1', true, 'reject'],
    ['robot', 'lab', '10.1.1.1', false, 'trust'],
    ['robot', 'lab', '::ffff:10.1.1.1', false, 'trust'],
    ['robot', 'lab', '::1', false, 'trust'],
    ['robot', 'clinic', '10.1.1.1', true, 'ldap'],
    ['robot', 'lab', '11.1.1.1', false, 'no rule'],
    ['app', 'clinic', '127.0.0.1', false, 'md5'],
    ['app', 'clinic', '', false, 'no rule'],
    ['operator', 'clinic', 'unix', false, 'password'],
    ['operator', 'clinic', '10.1.1.1', false, 'no rule'],
    ['app', 'clinic', 'unix', false, 'no rule'],
    ['guest', 'lab', 'unix', false, 'reject'],
  ])('%s in %s from %s, encrypted %s: %s', (user, database, address, isEncrypted, method) => {
    expect(rules.requirementFor({ user, database, address, isEncrypted }).method).toBe(method);
  });

  it.each([
    ['127.0.0.1', 'md5'],
    ['::ffff:127.0.0.1', 'md5'],
    ['::1', 'trust'],
    ['2001:db8::1', 'trust'],
  ])('for one address family do not match the other: %s', (address, method) => {
    const both = new AuthRules({
      method: 'scram-sha-256',
      rules: [
        { addresses: ['::/0'], method: 'trust' },
        { addresses: ['0.0.0.0/0'], method: 'md5' },
      ],
    });
    expect(both.requirementFor({ user: 'a', database: 'b', address, isEncrypted: false }).method).toBe(method);
  });

  it('default to the method of the configuration', () => {
    const caller = { user: 'a', database: 'b', address: '127.0.0.1', isEncrypted: false };
    expect(new AuthRules({ method: 'md5', rules: [] }).requirementFor(caller).method).toBe('md5');
  });
});
