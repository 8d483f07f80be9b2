/**
 * The built-in knowledge of medicines: enough to show and test the checks of orders. A hospital replaces it with its
 * own knowledge base. It is part of the contract, so that all endorsers decide alike.
 * Codes are in the form of `codeOf`: RxNorm for products and ingredients, SNOMED CT for allergies and substances.
 */
export interface DrugKnowledge {
  /** Substances by code: codes of products that contain them, and of the substances and allergies themselves. */
  readonly substances: ReadonlyMap<string, readonly string[]>;
  /** Pairs that must not be given together, whatever the dose. */
  readonly contraindicated: readonly (readonly [string, string])[];
  /** Pairs that may be given together under observation: the order is accepted with a warning. */
  readonly watched: readonly (readonly [string, string])[];
}

// Each substance with its codes. An allergy to one penicillin counts for all of them.
const codes: readonly (readonly [string, readonly string[]])[] = [
  [
    'penicillins',
    ['rxnorm:7980', 'rxnorm:7984', 'rxnorm:70618', 'rxnorm:834061', 'rxnorm:834102', 'sct:91936005', 'sct:373270004'],
  ],
  ['penicillins', ['rxnorm:723', 'rxnorm:733', 'rxnorm:308182', 'rxnorm:562251', 'sct:294505008', 'sct:372687004']],
  ['aspirin', ['rxnorm:1191', 'rxnorm:243670', 'sct:293586001', 'sct:387458008']],
  ['ibuprofen', ['rxnorm:5640', 'rxnorm:310965', 'rxnorm:198405', 'sct:387207008']],
  ['naproxen', ['rxnorm:7258', 'rxnorm:849574', 'rxnorm:198014']],
  ['acetaminophen', ['rxnorm:161', 'rxnorm:313782', 'rxnorm:282464', 'sct:387517004']],
  ['warfarin', ['rxnorm:11289', 'rxnorm:855332']],
  ['methotrexate', ['rxnorm:6851', 'rxnorm:105586']],
  ['trimethoprim', ['rxnorm:10829', 'rxnorm:10831']],
  ['sulfonamides', ['rxnorm:10180', 'rxnorm:10831', 'sct:91939003']],
  ['simvastatin', ['rxnorm:36567', 'rxnorm:312961', 'rxnorm:316672']],
  ['clarithromycin', ['rxnorm:21212']],
  ['itraconazole', ['rxnorm:28031']],
  ['ketoconazole', ['rxnorm:6135']],
  ['sildenafil', ['rxnorm:136411']],
  ['nitroglycerin', ['rxnorm:4917', 'rxnorm:705129']],
  ['phenelzine', ['rxnorm:8123']],
  ['fluoxetine', ['rxnorm:4493']],
  ['verapamil', ['rxnorm:11170', 'rxnorm:897718']],
  ['digoxin', ['rxnorm:3407', 'rxnorm:197604']],
];

/** The built-in knowledge. The interactions are those that product labels forbid, or allow under observation. */
export const drugKnowledge: DrugKnowledge = {
  substances: collect(),
  contraindicated: [
    ['sildenafil', 'nitroglycerin'],
    ['simvastatin', 'clarithromycin'],
    ['simvastatin', 'itraconazole'],
    ['simvastatin', 'ketoconazole'],
    ['phenelzine', 'fluoxetine'],
    ['methotrexate', 'trimethoprim'],
  ],
  watched: [
    ['warfarin', 'aspirin'],
    ['warfarin', 'ibuprofen'],
    ['warfarin', 'naproxen'],
    ['verapamil', 'digoxin'],
    ['methotrexate', 'naproxen'],
  ],
};

function collect(): ReadonlyMap<string, readonly string[]> {
  const substances = new Map<string, readonly string[]>();
  for (const [substance, list] of codes) {
    for (const code of list) substances.set(code, [...(substances.get(code) ?? []), substance]);
  }
  return substances;
}

/** What a medicine or an allergy contains: its substances and its codes. */
export function substancesOf(knowledge: DrugKnowledge, medicineCodes: readonly string[]): ReadonlySet<string> {
  return new Set(medicineCodes.flatMap((code) => [code, ...(knowledge.substances.get(code) ?? [])]));
}

/**
 * The first of these codes, or of the substances that they stand for, that `isAsked` accepts. Avoids a set of all of
 * them.
 */
export function findSubstance(
  knowledge: DrugKnowledge,
  medicineCodes: readonly string[],
  isAsked: (substance: string) => boolean,
): string | undefined {
  for (const code of medicineCodes) {
    if (isAsked(code)) return code;
    const found = knowledge.substances.get(code)?.find(isAsked);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What interacts with a medicine, each with the pair of substances that says so. */
export function interactionsOf(
  pairs: DrugKnowledge['contraindicated'],
  substances: ReadonlySet<string>,
): ReadonlyMap<string, readonly [string, string]> {
  const interactions = new Map<string, readonly [string, string]>();
  for (const pair of pairs) {
    const [one, other] = pair;
    if (substances.has(one)) interactions.set(other, pair);
    if (substances.has(other)) interactions.set(one, pair);
  }
  return interactions;
}
