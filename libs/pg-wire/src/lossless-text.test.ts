import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { BodyReader } from './body-reader.ts';
import { BodyWriter } from './body-writer.ts';
import { md5Password } from './sasl/md5.ts';
import { clientKeys } from './sasl/scram-keys.ts';
import { bytesOf, losslessText } from './lossless-text.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

describe('text of bytes that may not be UTF-8', () => {
  it.each([
    ['ASCII', Buffer.from('users')],
    ['UTF-8', Buffer.from('Müller 日本 \u{1f600}')],
    ['a replacement character of its own', Buffer.from('\ufffd')],
    ['LATIN1', Buffer.from('Müller', 'latin1')],
    ['UTF-8 and LATIN1', Buffer.concat([Buffer.from('ü\ufffd'), Buffer.from('ü', 'latin1'), Buffer.from('\u{1f600}')])],
    ['a character that is cut off', Buffer.from('\u{1f600}').subarray(0, 3)],
    ['surrogates in the way of UTF-8', Buffer.from('edb280edafbfedbfbf', 'hex')],
    ['every byte', everyByte],
    ['every byte backwards', Buffer.from(everyByte).reverse()],
  ])('%s gives back its bytes', (_, bytes) => {
    expect(bytesOf(losslessText(bytes))).toEqual(bytes);
  });

  it('is UTF-8 where possible, and equal only for equal bytes', () => {
    expect(losslessText(Buffer.from('Müller'))).toBe('Müller');
    const [u, o] = [Buffer.from('ü', 'latin1'), Buffer.from('ö', 'latin1')];
    expect(losslessText(u)).not.toBe(losslessText(o));
    expect(losslessText(u)).not.toBe('ü');
    expect(losslessText(Buffer.from('abc'), 1, 2)).toBe('b');
  });

  it('is hashed as its bytes', () => {
    const [user, password] = [Buffer.from('Jürgen', 'latin1'), Buffer.from('schlüssel', 'latin1')];
    const digest = createHash('md5').update(password).update(user).digest('hex');
    expect(md5Password(losslessText(user), losslessText(password))).toBe(`md5${digest}`);
    const salt = Buffer.alloc(16);
    expect(clientKeys(losslessText(password), salt, 1)).toEqual(clientKeys(password, salt, 1));
  });

  it('survives writing and reading messages', () => {
    const name = Buffer.from('Jürgen\xe4', 'latin1');
    const message = new BodyWriter(2).cString(losslessText(name)).cString('after').take();
    const reader = new BodyReader(message, 0, message.length);
    expect(bytesOf(reader.cString())).toEqual(name);
    expect(reader.cString()).toBe('after');
    expect(reader.isDone).toBe(true);
  });
});
