import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chooseIdentifiers, identifierText, identifiersMax, normaliseIdentifier } from './identifier.ts';

const id = (system: string, value: string): { system: string; value: string } => ({ system, value });

describe('normaliseIdentifier', () => {
  it.each([
    ['trims both', id(' urn:mrn\n', '\t4711 '), id('urn:mrn', '4711')],
    ['keeps the case of both', id('urn:MRN', 'aB1'), id('urn:MRN', 'aB1')],
    ['composes accents', id('urn:x', 'e\u0301'), id('urn:x', '\u00e9')],
    ['lowers UUIDs of RFC 3986', id('urn:ietf:rfc:3986', 'urn:uuid:AB-CD'), id('urn:ietf:rfc:3986', 'urn:uuid:ab-cd')],
    ['leaves other URIs alone', id('urn:ietf:rfc:3986', 'https://x/A'), id('urn:ietf:rfc:3986', 'https://x/A')],
    ['keeps white space inside', id('urn:x', 'A  1'), id('urn:x', 'A  1')],
  ])('%s', (_rule, raw, normal) => {
    expect(normaliseIdentifier(raw)).toEqual(normal);
  });

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (system, value) => {
        const once = normaliseIdentifier({ system, value });
        expect(normaliseIdentifier(once)).toEqual(once);
      }),
    );
  });
});

describe('chooseIdentifiers', () => {
  const mrn = id('urn:mrn', '1');
  const ssn = id('urn:ssn', '2');
  const card = id('urn:card', '3');

  it('puts the first system of the order first, whatever the message begins with', () => {
    expect(chooseIdentifiers(['urn:mrn', 'urn:ssn'], [ssn, mrn])).toEqual([mrn, ssn]);
    expect(chooseIdentifiers(['urn:ssn', 'urn:mrn'], [mrn, ssn])).toEqual([ssn, mrn]);
  });

  it("takes unlisted systems where the order says '*', and nowhere else", () => {
    expect(chooseIdentifiers(['urn:mrn'], [card, mrn])).toEqual([mrn]);
    expect(chooseIdentifiers(['urn:mrn', '*'], [card, ssn, mrn])).toEqual([mrn, card, ssn]);
    expect(chooseIdentifiers(['*', 'urn:ssn'], [ssn, card])).toEqual([card, ssn]);
    expect(chooseIdentifiers(['*'], [ssn, mrn, card])).toEqual([ssn, mrn, card]);
    expect(chooseIdentifiers([], [mrn])).toEqual([]);
  });

  it('keeps the order of the message within a system', () => {
    expect(chooseIdentifiers(['urn:mrn', '*'], [id('urn:mrn', 'b'), id('urn:mrn', 'a')])).toEqual([
      id('urn:mrn', 'b'),
      id('urn:mrn', 'a'),
    ]);
  });

  it('drops duplicates and identifiers without a value', () => {
    expect(chooseIdentifiers(['*'], [id('urn:mrn', ' '), mrn, id(' urn:mrn', '1 '), id('', '7')])).toEqual([
      mrn,
      id('', '7'),
    ]);
  });

  it('takes no more than the limit', () => {
    const many = Array.from({ length: 100 }, (_, at) => id('urn:x', `${at}`));
    expect(chooseIdentifiers(['*'], many)).toEqual(many.slice(0, identifiersMax));
  });
});

describe('identifierText', () => {
  it('is different for different identifiers, whatever they hold', () => {
    const part = fc.string({ unit: fc.constantFrom('|', '1', '2', 'a'), maxLength: 4 });
    fc.assert(
      fc.property(part, part, part, part, (a, b, c, d) => {
        expect(identifierText(id(a, b)) === identifierText(id(c, d))).toBe(a === c && b === d);
      }),
    );
  });
});
