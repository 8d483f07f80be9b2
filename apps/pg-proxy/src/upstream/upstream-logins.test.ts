import { describe, expect, it } from '@jest/globals';
import { clientKeys } from '@medrex/pg-wire';
import type { LoadedConfig } from '../config/load-config.ts';
import { UpstreamLogins } from './upstream-logins.ts';

describe('UpstreamLogins', () => {
  it('never takes the keys of one password for those of another, also with the same salt', () => {
    const { keysOf } = new UpstreamLogins({} as LoadedConfig);
    const salt = Buffer.alloc(16, 1);
    const keys = (password: string): string =>
      keysOf(password, salt, 4, () => clientKeys(password, salt, 4)).clientKey.toString('hex');
    const former = keys('as the directory had it');
    expect(keys('as the server has it')).not.toBe(former);
    expect(keys('as the directory had it')).toBe(former);
  });
});
