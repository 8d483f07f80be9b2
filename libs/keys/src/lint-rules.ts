import type { FamilyName } from './key-families.ts';

/** A rule of the key linter, with its texts for findings and the guide. */
export interface LintRule {
  readonly severity: 'error' | 'warning';
  /** The problem and its consequence. */
  readonly finds: string;
  /** The family to use instead, if there is one. */
  readonly family?: FamilyName;
  /** What to change. */
  readonly fix: string;
}

/** Every rule of `lintTemplates` and `lintReadWriteSets`. An error breaks something; a warning costs throughput. */
export const lintRules = {
  'whole-collection': {
    severity: 'error',
    finds: 'One key for a whole collection: everything that writes it waits for everything else.',
    family: 'append-only',
    fix: 'Give each member a key of its own (appendOnlyKey, or stateKey with its id) and read the collection as a range.',
  },
  'hub-key': {
    severity: 'warning',
    finds:
      'A key that belongs to a place, a person on duty or a category, not to one patient or thing, is read and written.',
    family: 'sharded',
    fix: 'Sums become counterDeltaKey, limits that must hold become shardKey, bookable time becomes slotKey.',
  },
  'counter-read-write': {
    severity: 'warning',
    finds: 'A count is kept by reading, adding and writing: two additions at once are one conflict.',
    family: 'delta-counter',
    fix: 'Write counterDeltaKey(counter, opId) with mode delta and compact now and then. If a limit must hold, use shardKey.',
  },
  'time-as-key': {
    severity: 'error',
    finds: 'A time is all that names the key: two things of one instant overwrite each other.',
    family: 'time-series',
    fix: 'Use timeSeriesKey: subject and code before the time, an id behind it.',
  },
  'time-without-id': {
    severity: 'error',
    finds: 'A series has no id behind the time: two readings of one instant overwrite each other.',
    family: 'time-series',
    fix: 'Use timeSeriesKey, which ends in an id.',
  },
  'sequence-as-key': {
    severity: 'error',
    finds: 'A running number is all that names the key: taking the next one is a conflict with everybody who does.',
    family: 'append-only',
    fix: 'Name it by the operation: appendOnlyKey({ ..., id: opId }). Order comes from the log, not from a number.',
  },
  'not-unique': {
    severity: 'error',
    finds: 'A key that no other operation may ever write has no part that is unique by operation.',
    family: 'append-only',
    fix: 'Put the operation id (or an id minted from it) into the key: appendOnlyKey, timeSeriesKey or counterDeltaKey.',
  },
  'range-read-in-write': {
    severity: 'error',
    finds: 'An operation that writes reads a range: any key that appears in the range makes it a phantom conflict.',
    family: 'head',
    fix: 'Keep what it needs from the range in a head of the same subject, and read that one key.',
  },
  'free-text': {
    severity: 'warning',
    finds: 'Free text names the key: it may name a person, has many spellings, and stays on the ledger.',
    family: 'ensure',
    fix: 'Use a code or an id; for lookup by text use ensureKey with a keyed digest of it.',
  },
  'identifier-in-key': {
    severity: 'error',
    finds: 'What identifies a person stands in the key: keys are in every block, for ever, and cannot be erased.',
    fix: 'Use the pseudonym of the patient vault, or a keyed digest (ensureKey) for lookup by identifier.',
  },
  'ambiguous-parts': {
    severity: 'error',
    finds:
      'Two parts share one segment with nothing between them that cannot be in a part: "a" + "bc" and "ab" + "c" are one key.',
    fix: 'Make them parts of their own: stateKey escapes each. Inside a segment separate by a colon, which no FHIR id has.',
  },
  'unescaped-literal': {
    severity: 'error',
    finds: 'A fixed part has characters that a builder would escape, so the key is not one that a builder makes.',
    fix: 'Use letters, digits and . _ : - only, or write the part as stateKey would.',
  },
  'unknown-space': {
    severity: 'error',
    finds: 'The key begins with no key space, so neither access rules nor the state database know it.',
    fix: 'Begin with cli~, fin~, sch~, aud~, ctr~ or sys~, as stateKey does.',
  },
  'mixed-spaces': {
    severity: 'warning',
    finds:
      'One operation touches clinical and financial keys: neither access scope can run it alone, and their conflicts add up.',
    fix: 'Make two operations, the financial one following the outcome of the clinical one.',
  },
  'hot-key': {
    severity: 'warning',
    finds: 'Recorded transactions met on one key often enough to lose some of them.',
    family: 'sharded',
    fix: 'Move what they write to a family that does not meet.',
  },
} as const satisfies Record<string, LintRule>;

export type LintRuleName = keyof typeof lintRules;

/** One finding of the linter, with the change to make. */
export interface LintFinding {
  readonly rule: LintRuleName;
  readonly severity: LintRule['severity'];
  /** Operation and version of the template, for a finding in a template. */
  readonly operation?: string;
  readonly version?: number;
  /** The pattern, or the recorded key. */
  readonly key: string;
  readonly message: string;
  readonly fix: string;
  /** The family to use instead. */
  readonly family?: FamilyName;
}

/** A finding of a rule, with the texts of its row unless `over` replaces them. */
export function finding(
  rule: LintRuleName,
  key: string,
  over: Partial<Omit<LintFinding, 'rule' | 'severity' | 'key'>> = {},
): LintFinding {
  const row: LintRule = lintRules[rule];
  const family = over.family ?? row.family;
  return {
    rule,
    severity: row.severity,
    key,
    message: row.finds,
    fix: row.fix,
    ...(family === undefined ? {} : { family }),
    ...over,
  };
}
