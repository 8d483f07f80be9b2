import type { FamilyName } from './key-families.ts';
import { type KeySpace, keySpaces, spacePrefix } from './state-key.ts';

/** What the name of a placeholder tells about its values. */
export type PartMeaning = 'time' | 'sequence' | 'place' | 'text' | 'identifier' | 'thing';

/** A parsed key pattern. */
export interface ParsedPattern {
  readonly text: string;
  readonly space: KeySpace | undefined;
  /** Segments after the space, without a closing `*`. */
  readonly segments: readonly string[];
  readonly isRange: boolean;
  readonly placeholders: readonly { readonly name: string; readonly meaning: PartMeaning }[];
  readonly family: FamilyName;
}

// Words in names of placeholders. All others (patient, order, account, id) name things.
const words: Readonly<Record<Exclude<PartMeaning, 'thing'>, ReadonlySet<string>>> = {
  time: new Set(
    'time timestamp date datetime day instant at start end hour minute month year effective recorded issued ts'.split(
      ' ',
    ),
  ),
  sequence: new Set('seq sequence next number nr serial running'.split(' ')),
  place: new Set(
    (
      'ward unit department dept org organization organisation facility location site clinic hospital tenant region payer building ' +
      'floor room practitioner doctor nurse team shift service specialty formulary drug category kind type status code class channel plan'
    ).split(' '),
  ),
  text: new Set(
    'name display text note comment description title address street city email phone narrative reason'.split(' '),
  ),
  identifier: new Set(
    'mrn ssn nhs identifier passport insurance policy medicare medicaid license licence birthdate dob birth'.split(' '),
  ),
};
// A digest or pseudonym counts as a thing, whatever it was made from.
const disguises = new Set('digest hash hmac pseudonym token id op opid uuid'.split(' '));

/** Parses a pattern of a `KeyTemplate`. */
export function parsePattern(pattern: string): ParsedPattern {
  const text = pattern.replace(/<([^<>]*)>/g, '{$1}');
  const space = keySpaces.find((one) => text.startsWith(spacePrefix(one)));
  const isRange = text.endsWith('*');
  const rest = text.slice(space === undefined ? 0 : spacePrefix(space).length);
  const segments = rest.split('~').filter((segment, at, all) => !(at === all.length - 1 && isRange && segment === '*'));
  const names = [...rest.matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? '');
  const placeholders = names.map((name) => ({ name, meaning: meaningOf(name) }));
  return { text, space, segments, isRange, placeholders, family: familyOfSegments(space, segments) };
}

/**
 * The meaning of a placeholder's name: `effectiveTime` is a time, `wardId` and `mrnHash` are things identified by an
 * id.
 */
export function meaningOf(name: string): PartMeaning {
  const parts = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== '');
  const isDisguised = parts.some((part) => disguises.has(part));
  const has = (meaning: Exclude<PartMeaning, 'thing'>): boolean => parts.some((part) => words[meaning].has(part));
  // The id of a ward still means the ward: all its patients share the key.
  if (has('place')) return 'place';
  if (isDisguised) return 'thing';
  return (['identifier', 'text', 'time', 'sequence'] as const).find(has) ?? 'thing';
}

function familyOfSegments(space: KeySpace | undefined, [, letter, ...rest]: readonly string[]): FamilyName {
  if (letter === 't' && rest.length >= 3) return 'time-series';
  if (letter === 'a' && rest.length === 2) return 'append-only';
  if (letter === 'e' && rest.length === 1) return 'ensure';
  if (letter === 'g' && rest.length === 2) return 'slot-grain';
  if (letter === 's' && rest.length === 2) return 'sharded';
  if (space === 'counters' && ((letter === 'd' && rest.length === 1) || (letter === 'b' && rest.length === 0))) {
    return 'delta-counter';
  }
  return 'head';
}
