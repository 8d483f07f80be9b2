import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTenantKeys, tenantKeyFrom, writeTenantKeyFile } from './tenant-key-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'medrex-key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const key = randomBytes(32);
const invalid = expect.objectContaining({ code: 'TENANT_KEY_INVALID' });

describe('parseTenantKeys', () => {
  it('reads hex, base64 and base64url, one key or several', () => {
    for (const text of [
      key.toString('hex'),
      key.toString('hex').toUpperCase(),
      key.toString('base64'),
      key.toString('base64url'),
    ]) {
      expect(parseTenantKeys(` ${text}\n`, 'x')).toEqual([key]);
    }
    const other = randomBytes(32);
    expect(parseTenantKeys(`${key.toString('hex')},${other.toString('base64')}\n`, 'x')).toEqual([key, other]);
  });

  it('refuses everything else, without showing it', () => {
    for (const text of [
      '',
      ' \n',
      'changeme',
      key.toString('hex').slice(2),
      `${key.toString('hex')}00`,
      'g'.repeat(64),
      '*'.repeat(44),
    ]) {
      expect(() => parseTenantKeys(text, 'the environment')).toThrow(invalid);
    }
    expect(() => parseTenantKeys('changeme', 'the environment')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('changeme') }),
    );
  });
});

describe('tenantKeyFrom', () => {
  it('prefers the environment, and reads a file anew each time', () => {
    const file = join(folder, 'tenant.key');
    writeFileSync(file, key.toString('hex'));
    const other = randomBytes(32);
    expect(tenantKeyFrom({ env: other.toString('hex'), file })()).toEqual([other]);
    const source = tenantKeyFrom({ env: '', file });
    expect(source()).toEqual([key]);
    writeTenantKeyFile(file, [other, key], randomBytes);
    expect(source()).toEqual([other, key]);
    expect(readdirSync(folder)).toEqual(['tenant.key']);
    expect(readFileSync(file, 'utf8')).toBe(`${other.toString('hex')}\n${key.toString('hex')}\n`);
  });

  it('says when there is none', () => {
    expect(() => tenantKeyFrom({})).toThrow(invalid);
    expect(() => tenantKeyFrom({ file: join(folder, 'none') })()).toThrow(invalid);
  });
});
