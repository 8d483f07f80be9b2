import type { KnownOperation } from './known-operations.ts';
import type { IntakePlace } from './message/incoming-message.ts';
import type { Problem } from './problem.ts';

/** The result of one item of a message: accepted, repeat or refused. */
export type ItemResult =
  | { readonly kind: 'accepted'; readonly item: number; readonly operation: KnownOperation }
  | { readonly kind: 'repeat'; readonly item: number; readonly operation: KnownOperation }
  | { readonly kind: 'refused'; readonly item: number; readonly problem: Problem };

/** The result of one message. With a `problem` the message was refused as a whole and has no items. */
export interface MessageResult {
  readonly source: string;
  readonly id: string;
  readonly isIdDerived: boolean;
  readonly digest: string;
  readonly place?: IntakePlace;
  /** In item order. */
  readonly items: readonly ItemResult[];
  readonly problem?: Problem;
}

/** The operations of a message that were accepted, now or before. */
export function takenOperations(result: MessageResult): readonly KnownOperation[] {
  return result.items.flatMap((item) => (item.kind === 'refused' ? [] : [item.operation]));
}

/** All problems of a message and of its items. */
export function problemsOf(result: MessageResult): readonly Problem[] {
  if (result.problem !== undefined) return [result.problem];
  return result.items.flatMap((item) => (item.kind === 'refused' ? [item.problem] : []));
}
