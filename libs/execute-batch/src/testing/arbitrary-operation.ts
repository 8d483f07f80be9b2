import { accessModes, stateKey } from '@medrex/keys';
import fc from 'fast-check';
import type { JsonObject, Operation } from '../contract.ts';

const hex = fc.string({ unit: fc.constantFrom('0', '1', '7', 'a', 'f'), minLength: 32, maxLength: 32 });
const declaredKey = fc.record({
  key: fc.array(fc.string(), { maxLength: 3 }).map((parts) => stateKey('clinical', 'any', ...parts)),
  mode: fc.constantFrom(...accessModes),
});
// Not `fc.string({ unit: 'binary' })`, which builds a table of all code points and takes over a second in every process
// that loads this module.
const anyText = fc
  .array(fc.oneof(fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff })), { maxLength: 10 })
  .map((codePoints) => String.fromCodePoint(...codePoints));
const facts = fc
  .dictionary(anyText, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);

/** Operations of no contract, for codecs: any text in the facts, any bytes in the bodies. */
export const arbitraryOperation: fc.Arbitrary<Operation> = fc.record({
  opId: hex,
  sourceHash: hex,
  contract: fc.constantFrom('clinical', 'asset-transfer', 'ünïcode'),
  templateVersion: fc.nat(9),
  keys: fc.array(declaredKey, { maxLength: 4 }),
  time: fc.constantFrom('2024-05-01T10:00:00.000Z', '1969-12-31T23:59:59Z'),
  facts,
  bodies: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 3 }),
});
