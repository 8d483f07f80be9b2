import { isCodedError } from '@medrex/coded-error';
import type { IntakeContract, Refusal, TranslatedOperation, Translation } from '@medrex/contracts';
import { clinicalContractName } from '../contract/clinical-contract.ts';
import type { Registry } from '../contract/registry.ts';
import { Directory, type IdentifiedDraft } from './directory.ts';
import type { Draft } from './draft.ts';
import { limitsOf, type IntakeOptions } from './intake-options.ts';
import { ifPatientsKnown } from './message-patients.ts';
import { mergesInResult } from './merges-in-result.ts';
import { operationOutcome } from './operation-outcome.ts';
import { problem, refusalOf, type Read } from './problem.ts';
import { readMessage } from './read-message.ts';
import { translateItem } from './translate-item.ts';
import type { Translating } from './translate-entry.ts';

/**
 * The intake of the clinical contract: it translates FHIR R4 messages to operations. Every item of a message becomes an
 * operation or a refusal. An error is thrown only if the context fails, for example if the vault is unavailable, and
 * concerns the whole message.
 */
export function intakeOf(registry: Registry, options: IntakeOptions): IntakeContract {
  const limits = limitsOf(options);
  return {
    name: clinicalContractName,
    describe: operationOutcome,
    merges: mergesInResult,
    translate: (message, context) => {
      const items = readMessage(message, limits);
      const directory = new Directory(context, options.patientSystems);
      const digest = context.mintId('message', message.source, message.id);
      const translating = { message, context, registry, limits, directory, digest };
      return translateItems(translating, items) ?? lookUpAndTranslate(translating, items);
    },
  };
}

type Items = readonly Read<readonly Draft[]>[];

/** Looks up the missing patients and translates again until none is missing. Each round looks up at least one more. */
async function lookUpAndTranslate(translating: Translating, items: Items): Promise<Translation> {
  for (;;) {
    await translating.directory.patients.lookUp();
    const translation = translateItems(translating, items);
    if (translation !== undefined) return translation;
  }
}

/** Returns undefined while patients are missing; the directory has noted them. */
function translateItems(translating: Translating, items: Items): Translation | undefined {
  const { patients } = translating.directory;
  // All drafts get their ids first, because an entry may refer to a later one.
  const identified = items.map((read, item) => (read.problem ? read : identifyDrafts(translating, item, read.value)));
  if (patients.areMissing()) return undefined;
  const operations: TranslatedOperation[] = [];
  const refusals: Refusal[] = [];
  for (const [item, read] of identified.entries()) {
    const translated = read.problem ? read : unlessErasing(() => translateItem(translating, item, read.value));
    if (translated.problem) refusals.push(refusalOf(item, translated.problem));
    else operations.push(translated.value);
  }
  return patients.areMissing() ? undefined : { operations, refusals };
}

function identifyDrafts(
  { directory, message }: Translating,
  item: number,
  drafts: readonly Draft[],
): Read<readonly IdentifiedDraft[]> {
  return unlessErasing(() => ({
    value: drafts.flatMap((draft) => ifPatientsKnown(() => directory.identify(draft, message, item)) ?? []),
  }));
}

/** The vault refuses patients who are being erased. That refuses the item, but is no failure of the message. */
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
