import { describe, expect, it } from '@jest/globals';
import { saslprep } from './saslprep.ts';

const prepared = (text: string): string => saslprep(Buffer.from(text)).toString();

describe('saslprep', () => {
  it.each([
    ['leaves ASCII alone, control characters too', 'pass\u0007word', 'pass\u0007word'],
    ['takes a soft hyphen out', 'I\u00adX', 'IX'],
    ['makes any space a space', 'a\u00a0b\u3000c', 'a b c'],
    ['normalises: RFC 4013, examples 4 and 5', '\u00aa\u2168', 'aIX'],
    ['takes a prohibited character by its bytes', 'ä\u0007', 'ä\u0007'],
    ['takes what Unicode 3.2 did not know by its bytes', '\u00aa\u{1f600}', '\u00aa\u{1f600}'],
    ['takes right-to-left text that begins otherwise by its bytes', '\u06271\u00aa', '\u06271\u00aa'],
    ['takes right-to-left text', '\u0627\u00ad1\u0628', '\u06271\u0628'],
    ['takes a password of nothing but soft hyphens by its bytes', '\u00ad', '\u00ad'],
  ])('%s', (_what, given, expected) => {
    expect(prepared(given)).toBe(expected);
  });

  it('leaves bytes that are not UTF-8 unchanged', () => {
    expect(saslprep(Buffer.from([0xe4, 0x62]))).toEqual(Buffer.from([0xe4, 0x62]));
  });
});
