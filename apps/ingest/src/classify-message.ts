import type { KnownOperation, KnownOperations } from './known-operations.ts';
import type { IncomingMessage } from './message/incoming-message.ts';
import { problem, type Problem } from './problem.ts';

/** What is known of a message before it is translated. */
export type Classification =
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'repeat'; readonly operations: readonly KnownOperation[] }
  | { readonly kind: 'new' };

export interface ClassifyOptions {
  readonly known: KnownOperations;
  /** Id of an item of a message. */
  readonly operationId: (message: IncomingMessage, item: number) => string;
  readonly dedupeWindowMs: number;
}

/**
 * Classifies a message as new, a repeat, a reused name or older than the dedupe window.
 *
 * @param first what is known of item 0 of the message.
 */
export function classifyMessage(
  message: IncomingMessage,
  first: KnownOperation | undefined,
  nowMs: number,
  options: ClassifyOptions,
): Classification {
  if (first !== undefined && first.digest !== message.digest)
    return { kind: 'problem', problem: idReused(first, message.digest) };
  const tooOldProblem = first === undefined ? tooOld(message, nowMs, options.dedupeWindowMs) : undefined;
  if (tooOldProblem !== undefined) return { kind: 'problem', problem: tooOldProblem };
  // Of a partly refused message, the accepted items are known and the others must be checked again.
  const operations = first?.items === undefined ? undefined : wholeMessage(message, first, first.items, options);
  return operations === undefined ? { kind: 'new' } : { kind: 'repeat', operations };
}

/** 409: the name was used for another body. */
export function idReused(first: KnownOperation, digest: string): Problem {
  return problem('ID_REUSED', {
    detail: `A message with this source and id was sent before, with another body (digest ${first.digest}; this one has ${digest}).`,
    more: {
      firstDigest: first.digest,
      digest,
      firstTransactionId: first.opId,
      firstAcceptedAt: new Date(first.acceptedAtMs).toISOString(),
    },
  });
}

function wholeMessage(
  message: IncomingMessage,
  first: KnownOperation,
  items: number,
  options: ClassifyOptions,
): readonly KnownOperation[] | undefined {
  const operations = [first];
  for (let item = 1; item < items; item += 1) {
    const known = options.known.recent(options.operationId(message, item));
    if (known === undefined) return undefined;
    operations.push(known);
  }
  return operations;
}

/**
 * The problem of an unknown message that is older than the dedupe window, by its own time or by its time in the intake topic.
 * Operation records are pruned after the window, so a repeat would run again. Undefined when the message is young enough.
 */
export function tooOld(
  { attributes, takenInMs }: IncomingMessage,
  nowMs: number,
  windowMs: number,
): Problem | undefined {
  const ownMs = attributes.time === undefined ? Infinity : Date.parse(attributes.time);
  if (nowMs - Math.min(takenInMs ?? Infinity, ownMs) <= windowMs) return undefined;
  const hours = Math.floor(windowMs / 3_600_000);
  const detail = `The message is more than ${hours} hours old, so a repeat can no longer be recognised.`;
  return problem('TOO_OLD', { detail, more: { windowSeconds: Math.floor(windowMs / 1000) } });
}
