import type { JsonValue } from '@medrex/execute-batch';
import { accessModes, type DeclaredKey, type StateKey } from '@medrex/keys';
import { z } from 'zod';
import type { RefusalIssue } from './intake-contract.ts';
import { operationClasses } from './operation-class.ts';

/** Schemas that several messages share. */

/** Whole number from 0 on. */
export const wholeNumber = z.int().min(0);

/** Milliseconds since the epoch. */
export const epochMs = wholeNumber.describe('milliseconds since 1970-01-01T00:00:00Z');

/** An id or keyed hash of ./identity.ts. */
export const mintedId = z.string().regex(/^[0-9a-f]{32}$/);

/** Place of an operation in the promised order of its channel. */
export const seq = wholeNumber.describe('record offset x 1024 + place in the record; rises along the log, with gaps');

/** A state key of @medrex/keys: a key space, an entity and percent-encoded parts. */
export const stateKey = z
  .string()
  .regex(/^[a-z]{3}(~[A-Za-z0-9._:%-]*)+$/)
  .describe('space~entity~part~part...') as unknown as z.ZodType<StateKey>;

/** A key and how an operation touches it. */
export const declaredKey = z.object({ key: stateKey, mode: z.enum(accessModes) }) satisfies z.ZodType<DeclaredKey>;

/** W3C trace context of a span. */
export const traceparent = z.string().regex(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);

export const operationClass = z.enum(operationClasses);

/** Any JSON value, opaque to the pipeline; parsed JSON always is one, so there is nothing to check. */
export const jsonValue = z.unknown() as unknown as z.ZodType<JsonValue>;

/** One problem of a message, in the terms of FHIR's OperationOutcome. */
export const refusalIssue = z.object({
  severity: z.enum(['error', 'fatal', 'warning']),
  code: z.string().describe('FHIR issue type: structure, required, value, invariant, not-supported, too-long ...'),
  diagnostics: z.string(),
  expression: z.string().optional().describe('FHIRPath of the fault, or its JSON path for other contracts'),
}) satisfies z.ZodType<RefusalIssue>;
