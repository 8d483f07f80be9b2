import { isChaincodeName } from '@medrex/contracts';
import { z } from 'zod';
import { callKeyModes } from './key-templates.ts';

/** Arguments and keys of one call: more than any contract takes, few enough to be queued at once. */
const argumentsMax = 1_000;
const keysMax = 1_000;

/** What a call says of itself: what is called, and, where the sender knows them, which keys it touches. */
export const callSchema = z.object({
  chaincode: z
    .string()
    .refine(isChaincodeName, 'is no name of a chaincode')
    .describe('name of a chaincode on the channel'),
  function: z.string().min(1).max(256).describe('function of it'),
  args: z.array(z.string()).max(argumentsMax).default([]).describe('its arguments, as texts'),
  keys: z
    .array(
      z.object({
        key: z
          .union([z.string().min(1), z.array(z.string()).min(1)])
          .describe("a key of the chaincode's state; a list is a composite key"),
        mode: z.enum(callKeyModes),
        chaincode: z
          .string()
          .refine(isChaincodeName, 'is no name of a chaincode')
          .optional()
          .describe('the chaincode whose key it is, where the called one calls another'),
      }),
    )
    .max(keysMax)
    .optional()
    .describe('all keys that the call touches; left out, a template or the endorsement tells'),
});
