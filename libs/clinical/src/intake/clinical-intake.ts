import { isCodedError } from '@medrex/coded-error';
import type { IntakeContract, Refusal, TranslatedOperation, Translation } from '@medrex/contracts';
import { clinicalContractName } from '../contract/clinical-contract.ts';
import type { Registry } from '../contract/registry.ts';
import { Directory, type Named } from './directory.ts';
import type { Draft } from './draft.ts';
import { limitsOf, type IntakeOptions } from './intake-options.ts';
import { mergesTold } from './merges-told.ts';
import { operationOutcome } from './operation-outcome.ts';
import { problem, refusalOf, type Read } from './problem.ts';
import { readMessage } from './read-message.ts';
import { translateItem } from './translate-item.ts';
import type { Translating } from './translate-entry.ts';

/**
 * The intake half of the clinical contract: FHIR R4 in, operations out. Whatever a message holds becomes an operation
 * or a refusal; what is thrown comes from the context (the vault is away) and concerns the message as a whole.
 */
export function intakeOf(registry: Registry, options: IntakeOptions): IntakeContract {
  const limits = limitsOf(options);
  return {
    name: clinicalContractName,
    describe: operationOutcome,
    merges: mergesTold,
    translate: async (message, context) => {
      const items = readMessage(message, limits);
      const directory = new Directory(context, options.patientSystems);
      const digest = context.mintId('message', message.source, message.id);
      return translateItems({ message, context, registry, limits, directory, digest }, items);
    },
  };
}

async function translateItems(
  translating: Translating,
  items: readonly Read<readonly Draft[]>[],
): Promise<Translation> {
  const operations: TranslatedOperation[] = [];
  const refusals: Refusal[] = [];
  // Names first: an entry may refer to one that comes after it.
  const named: Read<readonly Named[]>[] = [];
  for (const [item, read] of items.entries())
    named.push(read.problem ? read : await nameDrafts(translating, item, read.value));
  for (const [item, read] of named.entries()) {
    const made = read.problem ? read : await unlessErasing(() => translateItem(translating, item, read.value));
    if (made.problem) refusals.push(refusalOf(item, made.problem));
    else operations.push(made.value);
  }
  return { operations, refusals };
}

function nameDrafts(
  { directory, message }: Translating,
  item: number,
  drafts: readonly Draft[],
): Promise<Read<readonly Named[]>> {
  return unlessErasing(async () => {
    const named: Named[] = [];
    for (const draft of drafts) named.push(await directory.name(draft, message, item));
    return { value: named };
  });
}

/** The vault refuses patients that are being erased; that is an answer to the item, not a failure. */
async function unlessErasing<Value>(translate: () => Promise<Read<Value>>): Promise<Read<Value>> {
  try {
    return await translate();
  } catch (error) {
    if (!isCodedError(error, 'PATIENT_ERASING')) throw error;
    return {
      problem: problem(
        'PATIENT_ERASING',
        'conflict',
        'Resource',
        'The data of this patient are being erased; send nothing more about this patient.',
      ),
    };
  }
}
