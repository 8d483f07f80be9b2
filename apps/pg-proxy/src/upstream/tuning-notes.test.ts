import { describe, expect, it } from '@jest/globals';
import { Identities } from '../config/identities.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { proxyConfig } from '../config/proxy-config.ts';
import { tuningNotes } from './tuning-notes.ts';

const notes = (config: object): readonly string[] =>
  tuningNotes({
    config: proxyConfig.parse({
      ...{ upstreams: { main: {} }, databases: { clinic: { upstream: 'main' } }, auth: { userFile: 'users.txt' } },
      ...config,
    }),
    identities: new Identities([], new Map()),
  } as unknown as LoadedConfig);

describe('tuningNotes', () => {
  it('is silent where everything can be had', () => {
    expect(notes({})).toEqual([]);
  });

  it('names what limits, the licence and the size itself do not allow', () => {
    expect(
      notes({ upstreams: { main: { backendsMax: 10 } }, users: { portal: { size: 4, min: 8, reserve: 2 } } }),
    ).toEqual([
      'pool clinic/portal: min is 4 in place of 8, because of its size',
      'pool clinic/*: max is 10 in place of 20, because of a limit across pools',
      'pool clinic/*: reserve is 0 in place of 5, because of a limit across pools',
    ]);
    const iris = { kind: 'iris', iris: { version: '2025.1', jars: ['driver.jar'] } };
    expect(notes({ upstreams: { main: iris }, pool: { size: 40 } })).toContain(
      'pool clinic/*: max is 24 in place of 40, because of the licence',
    );
  });

  it('says the same of many pools once', () => {
    const databases = Object.fromEntries(Array.from('abcde', (name) => [name, { upstream: 'main' }]));
    expect(notes({ databases, upstreams: { main: { backendsMax: 10 } }, pool: { reserve: 0 } })).toEqual([
      'pool a/*, b/*, c/* and 2 more: max is 10 in place of 20, because of a limit across pools',
    ]);
  });

  it('names what nobody waits long enough for', () => {
    expect(notes({ pool: { waitTimeoutMs: 3_000 } })).toEqual([
      'pool clinic/*: reserve is never used, because nobody waits longer than waitTimeoutMs 3000',
      'pool clinic/*: nobody is told that he waits, because nobody waits longer than waitTimeoutMs 3000',
    ]);
  });
});
