import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { z } from 'zod';
import { addressText, isLoopback, parseAddress } from './address.ts';
import { postgresPoolOptions, postgresVariables } from './postgres-variables.ts';

describe('the address of a database', () => {
  it('is read from a URL, and shown without user and password', () => {
    const address = parseAddress('postgres://me%40home:p%2Fw@db.example:6432/medrex');
    expect(address).toMatchObject({ host: 'db.example', port: 6432, database: 'medrex', user: 'me@home' });
    expect(address.password?.()).toBe('p/w');
    expect(addressText(address)).toBe('db.example:6432/medrex');
    expect(inspect(address, { depth: 9 }) + JSON.stringify(address)).not.toContain('p/w');
    expect(addressText(parseAddress('postgresql://me@[::1]/medrex'))).toBe('[::1]:5432/medrex');
  });

  it.each([
    '',
    'db.example',
    'http://me@db/x',
    'postgres://db/x',
    'postgres://me@db',
    'postgres://me@db/x?sslmode=disable',
  ])('is not %j, and the refusal does not repeat it', (text) => {
    expect(() => parseAddress(text)).toThrow(RangeError);
  });
});

describe('the variables of PostgreSQL', () => {
  const options = (environment: Record<string, string>) =>
    postgresPoolOptions(z.object(postgresVariables).parse(environment));

  it('name no database by themselves', () => {
    expect(options({})).toBeUndefined();
    expect(options({ MEDREX_POSTGRES_URL: '' })).toBeUndefined();
  });

  it('verify the server by TLS unless nobody else can listen in, or somebody says so', () => {
    const far = 'postgres://me@db.example/medrex';
    const near = 'postgres://me@127.0.0.1/medrex';
    expect(options({ MEDREX_POSTGRES_URL: far })?.tls).toEqual({ ca: undefined });
    expect(options({ MEDREX_POSTGRES_URL: far, MEDREX_POSTGRES_TLS: 'off' })?.tls).toBeUndefined();
    expect(options({ MEDREX_POSTGRES_URL: near })?.tls).toBeUndefined();
    expect(options({ MEDREX_POSTGRES_URL: near, MEDREX_POSTGRES_TLS: 'verify' })?.tls).toBeDefined();
    expect(isLoopback(parseAddress('postgres://me@127.evil.example/medrex'))).toBe(false);
  });

  it('take the password of their own variable before that of the URL, and print neither', () => {
    const environment = {
      MEDREX_POSTGRES_URL: 'postgres://me:one@127.0.0.1/medrex',
      MEDREX_POSTGRES_PASSWORD: 'two-4711',
    };
    const parsed = z.object(postgresVariables).parse(environment);
    expect(postgresPoolOptions(parsed)?.password?.()).toBe('two-4711');
    expect(inspect(parsed, { depth: 9 }) + JSON.stringify(parsed)).not.toMatch(/4711|:one@/);
  });

  it('say which file cannot be read', () => {
    const environment = {
      MEDREX_POSTGRES_URL: 'postgres://me@127.0.0.1/medrex',
      MEDREX_POSTGRES_PASSWORD_FILE: '/nowhere',
    };
    expect(() => options(environment)?.password?.()).toThrow(
      expect.objectContaining({ code: 'POSTGRES_SECRET_UNREADABLE' }),
    );
  });
});
