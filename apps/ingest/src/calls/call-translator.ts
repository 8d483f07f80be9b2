import {
  perTransactionContract,
  type OperationClass,
  type Refusal,
  type TranslatedOperation,
  type Translation,
} from '@medrex/contracts';
import type { DeclaredKey, StateKey } from '@medrex/keys';
import type { CallKey } from '@medrex/privacy';
import type { IncomingMessage } from '../message/incoming-message.ts';
import { problem } from '../problem.ts';
import { draftItems, type DraftOptions } from '../translation/draft.ts';
import type { Translated, Translator } from '../translation/translator.ts';
import { callSchema } from './call-schema.ts';
import { ledgerKey } from './composite-key.ts';
import type { CallLedgerKey, KeyTemplates } from './key-templates.ts';

export interface CallTranslatorOptions extends DraftOptions {
  readonly key: CallKey;
  readonly templates: KeyTemplates;
  /** Name of the Medrex chaincode, which calls must not name: its state belongs to batch mode. */
  readonly reserved: string;
  /** Translates all messages that are not calls. */
  readonly others: Translator;
}

interface ReadCall {
  readonly chaincode: string;
  readonly fn: string;
  readonly args: readonly string[];
  /** Undefined when neither the sender nor a template names them. */
  readonly keys: readonly CallLedgerKey[] | undefined;
}

/** Translates calls into operations. The arguments are sealed here and unsealed only for the peer. */
export class CallTranslator implements Translator {
  readonly #options: CallTranslatorOptions;

  constructor(options: CallTranslatorOptions) {
    this.#options = options;
  }

  async translate(message: IncomingMessage, time: string): Promise<Translated> {
    if (message.attributes.contract !== perTransactionContract) return this.#options.others.translate(message, time);
    if (message.attributes.author !== undefined) return { problem: unsigned };
    return {
      items: await draftItems(message, perTransactionContract, time, this.#translation(message), this.#options),
    };
  }

  #translation({ body, digest, attributes }: IncomingMessage): Translation {
    const call = this.#read(body);
    if (Array.isArray(call)) return { operations: [], refusals: [refusal(call as readonly Wrong[])] };
    return { operations: [this.#operation(call as ReadCall, digest, attributes.class)], refusals: [] };
  }

  #read(body: unknown): ReadCall | readonly Wrong[] {
    const { reserved, templates } = this.#options;
    const parsed = callSchema.safeParse(body);
    if (!parsed.success) return parsed.error.issues.map(({ path, message }) => wrong(path, message));
    const { chaincode, function: fn, args, keys: given } = parsed.data;
    if (chaincode === reserved) return [wrong(['chaincode'], 'is reserved for Medrex')];
    const named = given?.map(({ key, ...rest }) => ({ ...rest, key: ledgerKey(key) }));
    const keys = named ?? templates.keysOf(chaincode, fn, args);
    if (keys !== undefined && 'needs' in keys) {
      return [wrong(['args'], `the key template of the function needs ${keys.needs} arguments`)];
    }
    return { chaincode, fn, args, keys };
  }

  #operation(
    { chaincode, fn, args, keys }: ReadCall,
    sourceHash: string,
    operationClass: OperationClass = 'clinical',
  ): TranslatedOperation {
    const { key, reserved } = this.#options;
    return {
      item: 0,
      class: operationClass,
      templateVersion: 1,
      keys: queueKeys(keys ?? [], { key, called: chaincode, reserved }),
      facts: { chaincode, function: fn, isDeclared: keys !== undefined },
      bodies: [key.sealArguments({ sourceHash, chaincode, function: fn }, args)],
    };
  }
}

/** The queue keys of the named ledger keys: keyed hashes for other chaincodes' keys, plus a marker for each further chaincode touched. */
function queueKeys(
  named: readonly CallLedgerKey[],
  { key, called, reserved }: { readonly key: CallKey; readonly called: string; readonly reserved: string },
): readonly DeclaredKey[] {
  const chaincodeOf = ({ chaincode }: CallLedgerKey): string => chaincode ?? called;
  const keys = named.map((one): DeclaredKey => {
    const isOurs = chaincodeOf(one) === reserved;
    return { key: isOurs ? (one.key as StateKey) : key.queueKey(chaincodeOf(one), one.key), mode: one.mode };
  });
  const further = new Set(named.map(chaincodeOf).filter((one) => one !== called && one !== reserved));
  return [...keys, ...[...further].map((one): DeclaredKey => ({ key: key.wholeStateKey(one), mode: 'read' }))];
}

const unsigned = problem('ENVELOPE_INVALID', {
  detail: 'A call cannot have an author: the called chaincode does not check signatures.',
});

interface Wrong {
  readonly expression: string;
  readonly diagnostics: string;
}

function wrong(path: readonly PropertyKey[], diagnostics: string): Wrong {
  const expression = `$${path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')}`;
  return { expression, diagnostics: `${expression}: ${diagnostics}` };
}

const refusal = (all: readonly Wrong[]): Refusal => ({
  item: 0,
  code: 'CALL_INVALID',
  status: 422,
  issues: all.map((one) => ({ severity: 'error', code: 'value', ...one })),
});
