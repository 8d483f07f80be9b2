import { describe, expect, it } from '@jest/globals';
import type { UserSecret } from '../config/user-file.ts';
import { UserSecrets, type SecretLookup } from './user-secrets.ts';

const md5 = (stored: string): UserSecret => ({ kind: 'md5', stored });

/** Answers by hand, and a clock that stands. */
function aCache(max = 10): {
  secrets: UserSecrets;
  asked: string[];
  found: SecretLookup[];
  find(user: string, database?: string): void;
  answer(secret: UserSecret | undefined): Promise<void>;
  fail(): Promise<void>;
  after(ms: number): void;
  errors: string[];
} {
  let nowMs = 0;
  const asked: string[] = [];
  const found: SecretLookup[] = [];
  const errors: string[] = [];
  const pending: { resolve: (secret: UserSecret | undefined) => void; reject: (error: Error) => void }[] = [];
  const secrets = new UserSecrets({
    users: new Map([['file', md5('of file')]]),
    query: {
      max,
      ttlMsOf: () => 5_000,
      keyOf: (database) => (database === 'other' ? 'other' : 'same'),
      ask: (user, database) => {
        asked.push(`${user}@${database}`);
        return new Promise((resolve, reject) => pending.push({ resolve, reject }));
      },
    },
    now: () => nowMs,
    failed: ({ message }) => errors.push(message),
  });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    secrets,
    asked,
    found,
    errors,
    find: (user, database = 'clinic') => secrets.find(user, database, (one) => found.push(one)),
    answer: (secret) => (pending.shift()?.resolve(secret), settled()),
    fail: () => (pending.shift()?.reject(new Error('SQLSTATE 42501')), settled()),
    after: (ms) => void (nowMs += ms),
  };
}

describe('UserSecrets', () => {
  it('asks nobody about users of the file', () => {
    const cache = aCache();
    cache.find('file');
    expect([cache.asked, cache.found]).toEqual([[], [{ secret: md5('of file') }]]);
  });

  it('asks once for all waiting clients, and again when the answer is old', async () => {
    const cache = aCache();
    cache.find('app');
    cache.find('app', 'lab');
    await cache.answer(md5('one'));
    cache.after(4_999);
    cache.find('app');
    expect(cache.asked).toEqual(['app@clinic']);
    expect(cache.found).toHaveLength(3);
    cache.after(1);
    cache.find('app');
    await cache.answer(md5('two'));
    expect(cache.found.at(-1)).toMatchObject({ secret: md5('two') });
  });

  it('asks again when answers may be outdated, even those on their way', async () => {
    const cache = aCache();
    cache.find('app');
    await cache.answer(md5('one'));
    cache.secrets.forget();
    cache.find('app');
    cache.secrets.forget();
    await cache.answer(md5('two'));
    cache.find('app');
    await cache.answer(md5('three'));
    expect(cache.asked).toHaveLength(3);
    expect(cache.found).toMatchObject([{ secret: md5('one') }, { secret: md5('two') }, { secret: md5('three') }]);
  });

  it('treats the same name in another database as another user', async () => {
    const cache = aCache();
    cache.find('app');
    await cache.answer(md5('one'));
    cache.find('app', 'other');
    expect(cache.asked).toEqual(['app@clinic', 'app@other']);
  });

  it('remembers that a user does not exist, but not a failed question', async () => {
    const cache = aCache();
    cache.find('nobody');
    await cache.answer(undefined);
    cache.find('nobody');
    cache.find('app');
    await cache.fail();
    cache.find('app');
    expect(cache.asked).toEqual(['nobody@clinic', 'app@clinic', 'app@clinic']);
    expect(cache.found.map((one) => ('fault' in one ? one.fault.sqlstate : one.secret))).toEqual([
      ...[undefined, undefined, '57P03'],
    ]);
    expect(cache.errors).toEqual(['SQLSTATE 42501']);
  });

  it('asks again after a wrong password, but not too often', async () => {
    const cache = aCache();
    cache.find('app');
    await cache.answer(md5('old'));
    cache.secrets.authFailed('app', 'clinic');
    cache.find('app');
    expect(cache.asked).toHaveLength(1);
    cache.after(1_000);
    cache.secrets.authFailed('app', 'clinic');
    cache.find('app');
    expect(cache.asked).toHaveLength(2);
  });

  it('remembers a limited number of answers', async () => {
    const cache = aCache(2);
    for (const user of ['a', 'b', 'c']) {
      cache.find(user);
      await cache.answer(undefined);
    }
    expect(cache.secrets.size).toBe(2);
  });
});
