import fc from 'fast-check';

const nasty = [
  '~',
  '%',
  '%7E',
  '',
  ' ',
  '_',
  '/',
  '\0',
  '\x7f',
  'é',
  '\u{1f600}',
  '\ud800',
  '\udc00',
  '\uffff',
  'a',
  '-',
  '.',
  ':',
];

/** Any JavaScript string, often with delimiters, escapes, lone surrogates or empty. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.constantFrom(...nasty), { maxLength: 6 }).map((pieces) => pieces.join('')),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 }).map((units) => String.fromCharCode(...units)),
  fc.string({ maxLength: 12 }),
);
