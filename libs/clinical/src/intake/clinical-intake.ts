import { isCodedError } from '@medrex/coded-error';
import type { IntakeContract, Refusal, TranslatedOperation, Translation } from '@medrex/contracts';
import { clinicalContractName } from '../contract/clinical-contract.ts';
import type { Registry } from '../contract/registry.ts';
import { Directory, type Named } from './directory.ts';
import type { Draft } from './draft.ts';
import { limitsOf, type IntakeOptions } from './intake-options.ts';
import { ifKnown } from './message-patients.ts';
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
    translate: (message, context) => {
      const items = readMessage(message, limits);
      const directory = new Directory(context, options.patientSystems);
      const digest = context.mintId('message', message.source, message.id);
      const translating = { message, context, registry, limits, directory, digest };
      return translateItems(translating, items) ?? onceLookedUp(translating, items);
    },
  };
}

type Items = readonly Read<readonly Draft[]>[];

/** Asks for the patients that are missing, and translates again, until all are known: each round looks up somebody new. */
async function onceLookedUp(translating: Translating, items: Items): Promise<Translation> {
  for (;;) {
    await translating.directory.patients.lookUp();
    const translation = translateItems(translating, items);
    if (translation !== undefined) return translation;
  }
}

/** Undefined while patients are missing, all of which the directory has noted as far as could be told. */
function translateItems(translating: Translating, items: Items): Translation | undefined {
  const { patients } = translating.directory;
  // Names first: an entry may refer to one that comes after it.
  const named = items.map((read, item) => (read.problem ? read : nameDrafts(translating, item, read.value)));
  if (patients.areMissing()) return undefined;
  const operations: TranslatedOperation[] = [];
  const refusals: Refusal[] = [];
  for (const [item, read] of named.entries()) {
    const made = read.problem ? read : unlessErasing(() => translateItem(translating, item, read.value));
    if (made.problem) refusals.push(refusalOf(item, made.problem));
    else operations.push(made.value);
  }
  return patients.areMissing() ? undefined : { operations, refusals };
}

function nameDrafts(
  { directory, message }: Translating,
  item: number,
  drafts: readonly Draft[],
): Read<readonly Named[]> {
  return unlessErasing(() => ({
    value: drafts.flatMap((draft) => ifKnown(() => directory.name(draft, message, item)) ?? []),
  }));
}

/** The vault refuses patients that are being erased; that is an answer to the item, not a failure. */
function unlessErasing<Value>(translate: () => Read<Value>): Read<Value> {
  try {
    return translate();
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
