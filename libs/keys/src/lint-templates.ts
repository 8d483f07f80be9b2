import type { AccessMode } from './declared-key.ts';
import { decodePart } from './key-part.ts';
import type { KeyPattern, KeyTemplate } from './key-template.ts';
import { looksLikeIdentifier } from './lint-identifiers.ts';
import { type ParsedPattern, parsePattern } from './lint-pattern.ts';
import { finding, type LintFinding, type LintRuleName } from './lint-rules.ts';

interface Line {
  readonly key: KeyPattern;
  readonly parsed: ParsedPattern;
  readonly template: KeyTemplate;
}

/**
 * Finds patterns that make keys conflict, collide or reveal too much, before anything runs. Placeholders are judged by
 * their names, so name them after their content. Findings are in the order of templates and lines.
 */
export function lintTemplates(templates: readonly KeyTemplate[]): LintFinding[] {
  return templates.flatMap((template) => {
    const lines = template.keys.map((key): Line => ({ key, parsed: parsePattern(key.pattern), template }));
    const where = { operation: template.operation, version: template.version };
    const found = lines.flatMap((line) => lineRules.flatMap((rule) => rule(line) ?? []));
    return [...found, ...mixedSpaces(lines)].map((one) => ({ ...one, ...where }));
  });
}

type LineRule = (line: Line) => LintFinding | undefined;

const writes = (mode: AccessMode): boolean => mode !== 'read';
const isUnique = (mode: AccessMode): boolean => mode === 'append' || mode === 'delta';
const changes = (mode: AccessMode): boolean => mode === 'readWrite' || mode === 'write';
const found = (rule: LintRuleName, { key }: Line): LintFinding => finding(rule, key.pattern);

// At most one of these applies to a key: the first is the most specific.
const contentionRules: readonly LineRule[] = [
  (line) => (isCounted(line) ? counterFinding(line) : undefined),
  (line) =>
    writes(line.key.mode) && !line.parsed.isRange && line.parsed.placeholders.length === 0
      ? found('whole-collection', line)
      : undefined,
  (line) => (onlyOf(line, ['time']) ? found('time-as-key', line) : undefined),
  (line) => (onlyOf(line, ['sequence', 'time']) ? found('sequence-as-key', line) : undefined),
  (line) => (endsInTime(line) ? found('time-without-id', line) : undefined),
  (line) => (isUnique(line.key.mode) && !hasId(line) ? found('not-unique', line) : undefined),
  (line) =>
    changes(line.key.mode) && line.parsed.family === 'head' && isNamedBy(line, ['place'])
      ? found('hub-key', line)
      : undefined,
];

const lineRules: readonly LineRule[] = [
  (line) => (line.parsed.space === undefined ? found('unknown-space', line) : undefined),
  (line) => contentionRules.map((rule) => rule(line)).find((one) => one !== undefined),
  (line) =>
    line.parsed.isRange && line.template.keys.some(({ mode }) => writes(mode))
      ? found('range-read-in-write', line)
      : undefined,
  (line) =>
    hasMeaning(line, 'identifier') || line.parsed.segments.some(looksLikeIdentifier)
      ? found('identifier-in-key', line)
      : undefined,
  (line) => (line.parsed.space !== 'system' && hasMeaning(line, 'text') ? found('free-text', line) : undefined),
  (line) => (line.parsed.segments.some(isAmbiguous) ? found('ambiguous-parts', line) : undefined),
  (line) => (line.parsed.segments.every(isEscaped) ? undefined : found('unescaped-literal', line)),
];

function isNamedBy({ parsed }: Line, meanings: readonly string[]): boolean {
  return parsed.placeholders.length > 0 && parsed.placeholders.every(({ meaning }) => meanings.includes(meaning));
}

const onlyOf = (line: Line, meanings: readonly string[]): boolean => writes(line.key.mode) && isNamedBy(line, meanings);

function endsInTime({ key, parsed }: Line): boolean {
  return (
    (key.mode === 'append' || key.mode === 'write') && !parsed.isRange && parsed.placeholders.at(-1)?.meaning === 'time'
  );
}

const idWords = /(^|[^a-z])(id|op|uuid|digest|hash)s?$|(Id|Op|Digest|Hash)$/;
// Things that many records are about. `{patient}` alone identifies a patient, not one record.
const subjectWords = /^(patient|subject|person|member|account|encounter|episode|case|asset|device|schedule|owner)$/;

/**
 * Whether a part can be unique to the operation: an id, or the last part if it names a thing that is not the subject of
 * others.
 */
function hasId({ parsed }: Line): boolean {
  const last = parsed.placeholders.at(-1);
  if (last?.meaning === 'thing' && !subjectWords.test(last.name)) return true;
  return parsed.placeholders.some(({ name }) => idWords.test(name));
}

const countWords = /(^|[^a-z])(count|counter|total|tally|sum|census|statistics|stats)s?([^a-z]|$)/;

/** A head used as a counter, or a counter's base changed by an operation that folds no deltas. */
function isCounted({ key, parsed, template }: Line): boolean {
  if (!changes(key.mode)) return false;
  if (parsed.family === 'delta-counter') {
    return !template.keys.some(
      (other) => parsePattern(other.pattern).segments[1] === 'd' && other.mode === 'readWrite',
    );
  }
  const spelled = parsed.segments
    .join(' ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return parsed.family === 'head' && (parsed.space === 'counters' || countWords.test(spelled));
}

function counterFinding(line: Line): LintFinding {
  const counter = line.parsed.segments.join('-') || line.key.pattern;
  const fix = `Write counterDeltaKey('${counter}', opId) with mode delta and compact now and then. If a limit must hold, use shardKey.`;
  return finding('counter-read-write', line.key.pattern, { fix });
}

const hasMeaning = ({ parsed }: Line, meaning: string): boolean =>
  parsed.placeholders.some((one) => one.meaning === meaning);
// FHIR ids may contain letters, digits, - and . so these cannot separate parts; a colon or an underscore can.
const isAmbiguous = (segment: string): boolean => /\}[-.]*\{/.test(segment);
const isEscaped = (segment: string): boolean => decodePart(segment.replace(/\{[^}]*\}/g, '')) !== undefined;

function mixedSpaces(lines: readonly Line[]): LintFinding[] {
  const of = (space: string): Line | undefined => lines.find(({ parsed }) => parsed.space === space);
  const financial = of('financial');
  return of('clinical') === undefined || financial === undefined ? [] : [found('mixed-spaces', financial)];
}
