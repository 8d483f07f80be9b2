import type { JsonObject } from '@medrex/execute-batch';
import { assetKeys, type AssetAction, type AssetFacts } from '@medrex/execute-batch/testing';
import { compactionDeltasMax } from '@medrex/keys';
import { z } from 'zod';
import type {
  IntakeContext,
  IntakeContract,
  IntakeMessage,
  Refusal,
  RefusalIssue,
  TranslatedOperation,
} from '../intake-contract.ts';
import type { OperationClass } from '../operation-class.ts';

const name = z.string();
const amount = z.int();
/** Free text, sealed because it may contain anything. */
const remark = z.string().optional();
const id = z.string().optional().describe('made from the message when absent');

const action = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('create'), asset: name, owner: name, value: amount }),
  z.strictObject({ do: z.literal('transfer'), asset: name, to: name }),
  z.strictObject({ do: z.literal('move'), asset: name, from: name, to: name }),
  z.strictObject({ do: z.literal('delete'), asset: name }),
  z.strictObject({ do: z.literal('look'), asset: name }),
  z.strictObject({ do: z.literal('label'), asset: name, label: name, remark }),
  z.strictObject({ do: z.literal('deposit'), account: name, amount }),
  z.strictObject({ do: z.literal('pay'), from: name, to: name, amount: amount.min(0) }),
  z.strictObject({ do: z.literal('payOwner'), asset: name, from: name, amount: amount.min(0) }),
  z.strictObject({ do: z.literal('ensure'), kind: name, content: name }),
  z.strictObject({ do: z.literal('note'), asset: name, id, remark }),
  z.strictObject({ do: z.literal('count'), counter: name, id, amount }),
  z.strictObject({ do: z.literal('compact'), counter: name, ids: z.array(name) }),
  z.strictObject({ do: z.literal('refuse'), asset: name }),
  z.strictObject({ do: z.literal('crash'), asset: name }),
  z.strictObject({ do: z.literal('spend'), units: amount.min(0) }),
]);

/** What a sender writes: an action of the asset contract; the ids of notes and counts may be left to the message. */
export type AssetMessage = z.infer<typeof action>;

const classes: Partial<Record<AssetAction, OperationClass>> = {
  move: 'cpoe',
  create: 'scheduling',
  deposit: 'financial',
  pay: 'financial',
  payOwner: 'financial',
  note: 'audit',
  count: 'audit',
};

/**
 * The intake half of the contract of libs/execute-batch/src/testing/asset-transfer.ts. A message is one action, or `{ "actions": [...] }`, of
 * which each is an item; wrong ones are refused by themselves and the rest goes on.
 */
export const assetTransferIntake: IntakeContract = {
  name: 'asset-transfer',
  async translate(message, context) {
    if (!/^application\/([a-z.]+\+)?json\b/.test(message.contentType)) {
      return { operations: [], refusals: [refusal(0, 'UNSUPPORTED_TYPE', 415, ['actions are JSON', undefined])] };
    }
    const items = itemsOf(message.body).map((body, item) => translateItem(body, item, message, context));
    return {
      operations: items.filter((one) => 'keys' in one),
      refusals: items.filter((one) => 'code' in one),
    };
  },
  describe: (issues) => ({ wrong: issues.map(({ diagnostics, expression }) => `${expression ?? ''}: ${diagnostics}`) }),
};

function itemsOf(body: unknown): readonly unknown[] {
  const isBatch = typeof body === 'object' && body !== null && 'actions' in body && Array.isArray(body.actions);
  return isBatch ? (body.actions as unknown[]) : [body];
}

function translateItem(
  body: unknown,
  item: number,
  message: IntakeMessage,
  context: IntakeContext,
): TranslatedOperation | Refusal {
  const checked = action.safeParse(body);
  if (!checked.success) {
    const wrong = checked.error.issues.map((issue): [string, string] => [issue.message, issue.path.join('.')]);
    return refusal(item, 'INVALID_DEED', 422, ...wrong);
  }
  if (checked.data.do === 'compact' && checked.data.ids.length > compactionDeltasMax) {
    return refusal(item, 'TOO_MANY_DELTAS', 413, [`at most ${compactionDeltasMax} at once`, 'ids']);
  }
  const { facts, remark: text } = factsOf(checked.data, context.mintId(message.source, message.id, String(item)));
  const sealed = text === undefined ? [] : [seal(text, item, message, context)];
  return {
    item,
    class: message.class ?? classes[facts.do] ?? 'clinical',
    templateVersion: 1,
    keys: assetKeys(facts),
    facts: facts as unknown as JsonObject,
    bodies: sealed,
  };
}

function factsOf(
  message: AssetMessage,
  mintedId: string,
): { readonly facts: AssetFacts; readonly remark: string | undefined } {
  switch (message.do) {
    case 'label': {
      const { remark, ...facts } = message;
      return { facts, remark };
    }
    case 'note': {
      const { remark, id = mintedId, ...facts } = message;
      return { facts: { ...facts, id }, remark };
    }
    case 'count':
      return { facts: { ...message, id: message.id ?? mintedId }, remark: undefined };
    default:
      return { facts: message, remark: undefined };
  }
}

function seal(text: string, item: number, message: IntakeMessage, context: IntakeContext): Uint8Array {
  return context.tenant.seal(Buffer.from(text), [message.source, message.id, String(item)]);
}

function refusal(
  item: number,
  code: string,
  status: Refusal['status'],
  ...wrong: readonly (readonly [diagnostics: string, expression: string | undefined])[]
): Refusal {
  const issues = wrong.map(([diagnostics, expression]): RefusalIssue => {
    return { severity: 'error', code: 'value', diagnostics, ...(expression !== undefined && { expression }) };
  });
  return { item, code, status, issues };
}
