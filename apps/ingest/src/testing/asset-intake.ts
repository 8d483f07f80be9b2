import type { IntakeContext, IntakeContract, IntakeMessage, Refusal, TranslatedOperation } from '@medrex/contracts';
import type { JsonObject } from '@medrex/execute-batch';
import { assetKeys, type AssetFacts } from '@medrex/execute-batch/testing';

/** An asset action as tests send it: facts for the contract, and fields for the intake only. */
type Action = AssetFacts & { readonly owner?: string; readonly note?: string };

const actions = new Set(['create', 'transfer', 'move', 'label', 'deposit', 'pay', 'note']);

/**
 * The intake half of the asset contract. A body is one action, or `{ "actions": [...] }` with one item per action. An action with a `patient` is
 * sealed under that patient's key; `{ "do": "burst" }` makes the intake throw.
 */
export const assetIntake: IntakeContract = {
  name: 'asset-transfer',
  async translate(message, context) {
    const { body } = message;
    const list = isRecord(body) && Array.isArray(body['actions']) ? (body['actions'] as unknown[]) : [body];
    const operations: TranslatedOperation[] = [];
    const refusals: Refusal[] = [];
    for (const [item, action] of list.entries()) {
      if (isRecord(action) && action['do'] === 'burst') throw new Error(`burst of ${String(action['asset'])}`);
      if (isAction(action)) operations.push(await translateOne(action, item, message, context));
      else refusals.push(refusal(item, list.length > 1));
    }
    return { operations, refusals };
  },
};

async function translateOne(
  action: Action,
  item: number,
  message: IntakeMessage,
  context: IntakeContext,
): Promise<TranslatedOperation> {
  const { patient, ...facts } = action as Action & { readonly patient?: string };
  const sealer =
    patient === undefined ? context.tenant : await context.patient([{ system: 'urn:mrn', value: patient }]);
  const body = sealer.seal(Buffer.from(JSON.stringify(action)), [message.source, message.id, String(item)]);
  const operationClass = message.class ?? 'financial';
  return {
    item,
    class: operationClass,
    templateVersion: 1,
    keys: assetKeys(facts),
    facts: facts as unknown as JsonObject,
    bodies: [body],
  };
}

function refusal(item: number, isListed: boolean): Refusal {
  const expression = isListed ? `$.actions[${item}].do` : '$.do';
  return {
    item,
    code: 'UNKNOWN_ACTION',
    status: 422,
    issues: [{ severity: 'error', code: 'value', diagnostics: 'There is no such action.', expression }],
  };
}

function isAction(value: unknown): value is Action {
  return isRecord(value) && typeof value['do'] === 'string' && actions.has(value['do']);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
