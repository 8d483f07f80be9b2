import { operationClasses, type OperationClass, type RefusalIssue, type TranslatedOperation } from '@medrex/contracts';
import type { JsonObject } from '@medrex/execute-batch';
import { declaredKeys, unionOfKeys } from '../contract/declared-keys.ts';
import type { Registry } from '../contract/registry.ts';
import type { IdentifiedDraft } from './directory.ts';
import { rankOf } from './entry-order.ts';
import { ifPatientsKnown } from './message-patients.ts';
import { problem, type Problem, type Read } from './problem.ts';
import { translateEntry, type TranslatedEntry, type Translating } from './translate-entry.ts';

/**
 * Translates one item to an operation, or says why it is refused. All resources of the message have their ids already.
 * Entries whose patients must still be looked up are skipped; the caller then discards the result.
 */
export function translateItem(
  translating: Translating,
  item: number,
  drafts: readonly IdentifiedDraft[],
): Read<TranslatedOperation> {
  const repeated = repeatedResource(drafts);
  if (repeated !== undefined) return { problem: repeated };
  const { bytesMax } = translating.limits;
  const issues: RefusalIssue[] = [];
  const entries: TranslatedEntry[] = [];
  let bytes = 0;
  for (const draft of drafts) {
    const read = ifPatientsKnown(() => translateEntry(translating, item, draft));
    if (read === undefined) continue;
    if (read.problem) {
      issues.push(...read.problem.issues);
      continue;
    }
    entries.push(read.value);
    bytes += read.value.bytes;
    if (bytes > bytesMax) return { problem: tooLarge(bytesMax, drafts.length > 1) };
  }
  if (issues.length > 0) return { problem: { code: 'INVALID_RESOURCE', issues } };
  return { value: operationOf(translating, item, entries) };
}

function operationOf(
  { message, registry }: Translating,
  item: number,
  translated: readonly TranslatedEntry[],
): TranslatedOperation {
  const ordered = translated.length === 1 ? translated : inOrder(translated, registry);
  const bodies: Uint8Array[] = [];
  const entries = ordered.map(({ entry, body }): JsonObject => {
    if (body === undefined) return entry;
    bodies.push(body);
    return { ...entry, body: bodies.length - 1 };
  });
  return {
    item,
    class: message.class ?? mostUrgent(ordered.map(({ module }) => module.class)),
    templateVersion: Math.max(...ordered.map(({ module }) => module.templateVersion)),
    keys: unionOfKeys(ordered.map(({ entry }) => declaredKeys(entry, registry))),
    facts: { entries },
    bodies,
  };
}

/** The priority class of a Bundle is the most urgent one of its entries. */
function mostUrgent(classes: readonly OperationClass[]): OperationClass {
  return operationClasses.find((one) => classes.includes(one)) ?? 'clinical';
}

function inOrder(entries: readonly TranslatedEntry[], registry: Registry): readonly TranslatedEntry[] {
  const ranked = entries.map((one) => ({ one, rank: rankOf(one.entry, registry) }));
  return ranked.sort((left, right) => left.rank - right.rank).map(({ one }) => one);
}

function repeatedResource(drafts: readonly IdentifiedDraft[]): Problem | undefined {
  if (drafts.length < 2) return undefined;
  const seen = new Map<string, IdentifiedDraft>();
  for (const draft of drafts) {
    const key = `${draft.draft.type}/${draft.id}`;
    const first = seen.get(key);
    if (first !== undefined) {
      const text = `Entries ${first.draft.place ?? 0} and ${draft.draft.place ?? 0} change the same resource; a transaction may change it once.`;
      return problem('INVALID_BUNDLE', 'duplicate', draft.draft.root, text);
    }
    seen.set(key, draft);
  }
  return undefined;
}

function tooLarge(bytesMax: number, isBundle: boolean): Problem {
  const remedy = isBundle ? 'split the Bundle' : 'store large content elsewhere and refer to it';
  return problem(
    'TOO_LARGE',
    'too-long',
    isBundle ? 'Bundle' : 'Resource',
    `The limit is ${bytesMax} bytes of JSON; ${remedy}.`,
  );
}
