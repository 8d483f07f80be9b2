import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TestAuthor } from '../testing/index.ts';
import { canonicalKey, isSignatureOf } from './public-key.ts';
import { isAuthorId, isSalt, isSignature } from './signed-by.ts';
import { messageDigest, signedStatement, type AuthoredMessage, type SignedFields } from './signed-statement.ts';

const text = fc.string({ minLength: 1, unit: 'grapheme' });
const request = fc.record(
  { method: fc.constantFrom('PUT', 'DELETE'), url: text, ifMatch: text, ifNoneExist: text },
  { requiredKeys: ['method', 'url'] },
);
const authored: fc.Arbitrary<AuthoredMessage> = fc.record(
  { source: text, id: text, salt: text, body: fc.uint8Array({ minLength: 1 }), request },
  { requiredKeys: ['source', 'id', 'salt', 'body'] },
);
const fields: fc.Arbitrary<SignedFields> = fc.record({
  author: fc.stringMatching(/^[a-z0-9]{1,20}$/),
  contract: text,
  message: fc.stringMatching(/^[0-9a-f]{64}$/),
  time: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }).map((at) => at.toISOString()),
});

/** The same bytes, but for one bit. */
function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const other = bytes.slice();
  const at = Math.floor(bit / 8) % other.length;
  other[at] = (other[at] ?? 0) ^ (1 << (bit % 8));
  return other;
}

const authors = [new TestAuthor('a', 'ec'), new TestAuthor('b', 'ed25519')] as const;

describe.each(authors)('a signature ($privateKey.asymmetricKeyType)', (author) => {
  const key = canonicalKey(author.publicKey) as string;

  it('is valid for the signed statement, and invalid if any bit of either differs', () => {
    fc.assert(
      fc.property(fields, fc.nat(), (signed, bit) => {
        const statement = signedStatement(signed);
        const signature = author.signature(signed);
        const other = Buffer.from(flipped(Buffer.from(signature, 'base64url'), bit)).toString('base64url');
        expect(isSignatureOf(key, signature, statement)).toBe(true);
        expect(isSignatureOf(key, signature, flipped(statement, bit))).toBe(false);
        expect(isSignatureOf(key, other, statement)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it('is of one key', () => {
    const [one, other] = authors;
    const stranger = canonicalKey((author === one ? other : one).publicKey) as string;
    const signed = { author: 'a', contract: 'c', message: 'm', time: 't' };
    expect(isSignatureOf(stranger, author.signature(signed), signedStatement(signed))).toBe(false);
  });
});

describe('the signed statement', () => {
  it('has another digest if any bit of the message, or a field boundary, changes', () => {
    fc.assert(
      fc.property(authored, authored, fc.nat(), (message, other, bit) => {
        const digest = messageDigest(message);
        expect(messageDigest({ ...message, body: flipped(message.body, bit) })).not.toBe(digest);
        for (const name of ['source', 'id', 'salt'] as const) {
          const changed = { ...message, [name]: `${message[name]}x` };
          expect(messageDigest(changed)).not.toBe(digest);
        }
        const isSame = JSON.stringify([message, [...message.body]]) === JSON.stringify([other, [...other.body]]);
        expect(messageDigest(other) === digest).toBe(isSame);
      }),
    );
  });

  it('is the same for a plain create, wherever it is posted to', () => {
    const message = { source: 's', id: 'i', salt: 'x', body: Buffer.from('{}') };
    const posted = { ...message, request: { method: 'POST', url: 'Observation' } };
    expect(messageDigest(posted)).toBe(messageDigest(message));
    const conditional = { ...message, request: { ...posted.request, ifNoneExist: 'identifier=a' } };
    expect(messageDigest(conditional)).not.toBe(messageDigest(message));
  });

  it('is the same text as in other languages', () => {
    const body = Buffer.from('{"resourceType":"Patient"}');
    // sha256sum of the body, then of {"body":"...","id":"m-1","salt":"c2FsdHNhbHRzYWx0c2FsdA","source":"urn:ehr"}
    const digest = messageDigest({ source: 'urn:ehr', id: 'm-1', salt: 'c2FsdHNhbHRzYWx0c2FsdA', body });
    expect(digest).toBe('aab55b1d2549ddad6eacb4c69650e7e4a9dbb0889575533760c08e461d53cad7');
    const statement = signedStatement({ author: 'dr-1', contract: 'clinical', message: digest, time: '2026-01-05T07:00:00.000Z' }); // prettier-ignore
    expect(Buffer.from(statement).toString()).toBe(
      `{"author":"dr-1","contract":"clinical","message":"${digest}","purpose":"medrex signed operation 1","time":"2026-01-05T07:00:00.000Z"}`,
    );
  });
});

describe('forms', () => {
  it('of an id keep names of people out', () => {
    expect(['dr-1', 'a', 'EHR.ward_3', 'x'.repeat(64)].every(isAuthorId)).toBe(true);
    const wrong = ['', '-a', 'a-', 'Jane Doe', 'müller', 'x'.repeat(65), 'a~b', 'a\n', 7, undefined];
    expect(wrong.filter(isAuthorId)).toEqual([]);
  });

  it('of salt and signature are base64url of as many bytes as they need', () => {
    const bytes = (count: number) => Buffer.alloc(count, 7).toString('base64url');
    expect([16, 64].every((count) => isSalt(bytes(count)))).toBe(true);
    expect([15, 65].some((count) => isSalt(bytes(count)))).toBe(false);
    expect([64, 72].every((count) => isSignature(bytes(count)))).toBe(true);
    expect([63, 73].some((count) => isSignature(bytes(count)))).toBe(false);
    expect(isSalt(`${bytes(16)}==`)).toBe(false);
  });
});
