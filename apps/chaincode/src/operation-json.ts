import { encodeOperation, isSignedBy, operationItem, type SignedBy } from '@medrex/execute-batch';
import { accessModes, type StateKey } from '@medrex/keys';
import { z } from 'zod';

const operationJson = z.strictObject({
  opId: z.string().min(1),
  sourceHash: z.string(),
  contract: z.string().min(1),
  templateVersion: z.number().int(),
  keys: z.array(z.strictObject({ key: z.string().min(1), mode: z.enum(accessModes) })),
  time: z.string(),
  facts: z.record(z.string(), z.json()),
  /** Sealed bodies, base64. */
  bodies: z.array(z.base64()).default([]),
  author: z.custom<SignedBy>(isSignedBy, 'must hold an author, a digest and a signature').optional(),
});

/** Encodes an operation, given as JSON by a client without the codec, as an item of `executeBatch`. @throws Error with what is wrong in the JSON */
export function itemOfJson(text: string): Uint8Array {
  const { keys, bodies, author, ...rest } = operationJson.parse(JSON.parse(text));
  const operation = {
    ...rest,
    keys: keys.map(({ key, mode }) => ({ key: key as StateKey, mode })),
    bodies: bodies.map((body) => Buffer.from(body)),
    ...(author !== undefined && { author }),
  };
  return operationItem(encodeOperation(operation));
}
