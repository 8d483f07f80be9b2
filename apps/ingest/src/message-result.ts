import type { KnownOperation } from './known-operations.ts';
import type { IntakePlace } from './message/incoming-message.ts';
import type { Problem } from './problem.ts';

/** What became of one item of a message at the door. */
export type ItemResult =
  | { readonly kind: 'accepted'; readonly item: number; readonly operation: KnownOperation }
  | { readonly kind: 'repeat'; readonly item: number; readonly operation: KnownOperation }
  | { readonly kind: 'refused'; readonly item: number; readonly problem: Problem };

/** What became of one message at the door. `problem` stands for the whole of it, and then there are no items. */
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

/** Operations of a message that were taken, now or before. */
export function takenOperations(result: MessageResult): readonly KnownOperation[] {
  return result.items.flatMap((item) => (item.kind === 'refused' ? [] : [item.operation]));
}

/** Everything that stood in the way of a message or of an item of it. */
export function problemsOf(result: MessageResult): readonly Problem[] {
  if (result.problem !== undefined) return [result.problem];
  return result.items.flatMap((item) => (item.kind === 'refused' ? [item.problem] : []));
}
