import { isChaincodeName } from '@medrex/contracts';
import { z } from 'zod';
import { callKeyModes } from './key-templates.ts';

/** Limit of the arguments, and of the keys, of one call: above what contracts use, and few enough to queue at once. */
const argumentsMax = 1_000;
const keysMax = 1_000;

/** The body of a call: chaincode, function, arguments and, where the sender knows them, the keys it touches. */
export const callSchema = z.object({
  chaincode: z
    .string()
    .refine(isChaincodeName, 'is not a chaincode name')
    .describe('name of a chaincode on the channel'),
  function: z.string().min(1).max(256).describe('function to call'),
  args: z.array(z.string()).max(argumentsMax).default([]).describe('arguments, as strings'),
  keys: z
    .array(
      z.object({
        key: z
          .union([z.string().min(1), z.array(z.string()).min(1)])
          .describe("key of the chaincode's state; a list is a composite key"),
        mode: z.enum(callKeyModes),
        chaincode: z
          .string()
          .refine(isChaincodeName, 'is not a chaincode name')
          .optional()
          .describe('chaincode that owns the key, when the called chaincode calls another one'),
      }),
    )
    .max(keysMax)
    .optional()
    .describe('all keys that the call touches; when omitted, they are found by a key template or by endorsement'),
});
