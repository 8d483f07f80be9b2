import { describe, expect, it } from '@jest/globals';
import { keyFamilies } from './key-families.ts';
import type { AccessMode } from './declared-key.ts';
import type { KeyPattern, KeyTemplate } from './key-template.ts';
import { lintRules } from './lint-rules.ts';
import { lintTemplates } from './lint-templates.ts';

type LineOf = readonly [AccessMode, string];
const template = (...lines: readonly LineOf[]): KeyTemplate => ({
  operation: 'op',
  version: 1,
  keys: lines.map(([mode, pattern]): KeyPattern => ({ mode, pattern })),
});
const rulesOf = (...lines: readonly LineOf[]) => lintTemplates([template(...lines)]).map(({ rule }) => rule);

describe('lintTemplates', () => {
  const bad: readonly (readonly [string, readonly LineOf[]])[] = [
    ['whole-collection', [['readWrite', 'cli~observations']]],
    ['whole-collection', [['write', 'cli~res~Observation']]],
    ['whole-collection', [['append', 'aud~log']]],
    ['hub-key', [['readWrite', 'cli~board~{ward}']]],
    ['hub-key', [['readWrite', 'cli~board~{wardId}']]],
    ['hub-key', [['write', 'sch~day~{practitioner}']]],
    ['counter-read-write', [['readWrite', 'cli~census~{ward}']]],
    ['counter-read-write', [['readWrite', 'cli~bedCount~{patient}']]],
    ['counter-read-write', [['readWrite', 'ctr~{counter}~b']]],
    ['counter-read-write', [['write', 'ctr~{counter}']]],
    ['time-as-key', [['append', 'cli~vit~{time}']]],
    ['time-as-key', [['readWrite', 'aud~log~{date}']]],
    ['time-without-id', [['append', 'cli~vit~{patient}~{code}~{effectiveTime}']]],
    ['sequence-as-key', [['write', 'aud~event~{seq}']]],
    ['sequence-as-key', [['append', 'aud~event~{day}~{number}']]],
    ['not-unique', [['append', 'aud~note~{patient}']]],
    ['not-unique', [['delta', 'ctr~census~d~{patient}']]],
    ['range-read-in-write', [['read', 'cli~vit~t~{patient}~{code}~*'], ['append', 'cli~vit~t~{patient}~{code}~{time}~{id}']]], // prettier-ignore
    ['free-text', [['readWrite', 'cli~ward~{displayName}']]],
    ['identifier-in-key', [['readWrite', 'cli~patient~{mrn}']]],
    ['identifier-in-key', [['read', 'cli~patient~078-05-1120']]],
    ['identifier-in-key', [['read', 'cli~patient~MRN%20123456']]],
    ['ambiguous-parts', [['readWrite', 'cli~res~{type}{id}']]],
    ['ambiguous-parts', [['readWrite', 'cli~res~<type>-<id>']]],
    ['unescaped-literal', [['readWrite', 'cli~my res~{id}']]],
    ['unescaped-literal', [['readWrite', 'cli~res%2f~{id}']]],
    ['unknown-space', [['readWrite', 'clinical~{id}']]],
    ['unknown-space', [['readWrite', '_res~{id}']]],
    ['mixed-spaces', [['read', 'cli~res~Coverage~{id}'], ['readWrite', 'fin~account~{id}']]], // prettier-ignore
  ];

  it.each(bad)('finds %s', (rule, lines) => {
    expect(rulesOf(...lines)).toEqual([rule]);
  });

  it('has a case for every rule about templates', () => {
    const seen = new Set(bad.map(([rule]) => rule));
    expect(Object.keys(lintRules).filter((rule) => rule !== 'hot-key' && !seen.has(rule))).toEqual([]);
  });

  it.each<readonly LineOf[]>([
    [['append', 'cli~vit~t~{patient}~{code}~{time}~{id}'], ['read', 'sys~link~{patient}']], // prettier-ignore
    [['append', 'aud~event~a~{patient}~{opId}']],
    [['delta', 'ctr~admissions-{ward}~d~{opId}']],
    [['readWrite', 'ctr~{counter}~b'], ['readWrite', 'ctr~{counter}~d~{opId}']], // prettier-ignore
    [['readWrite', 'sch~slot~g~{schedule}~{start}']],
    [['readWrite', 'cli~stock~s~{drug}~{shard}']],
    [['ensure', 'cli~practitioner~e~{identifierDigest}']],
    [['readWrite', 'cli~res~Observation~{id}'], ['readWrite', 'cli~orders~{patient}']], // prettier-ignore
    [['read', 'cli~formulary'], ['read', 'cli~vit~t~{patient}~{code}~*']], // prettier-ignore
    [['readWrite', 'cli~bed~{ward}~{bed}']],
    [['readWrite', 'sys~probe~{name}']],
    [['delta', 'ctr~balance:<patient>:<currency>~d~<change>']],
  ])('finds nothing in %j', (...lines) => {
    expect(rulesOf(...lines)).toEqual([]);
  });

  it('reports the place, and a fix that names what to use', () => {
    const [found] = lintTemplates([{ operation: 'Encounter.admit', version: 3, keys: [{ pattern: 'cli~census~{ward}', mode: 'readWrite' }] }]); // prettier-ignore
    expect(found).toMatchObject({
      rule: 'counter-read-write',
      severity: 'warning',
      operation: 'Encounter.admit',
      version: 3,
      key: 'cli~census~{ward}',
      family: 'delta-counter',
      fix: expect.stringMatching(/^Write counterDeltaKey\('census-\{ward\}', opId\)/),
    });
  });

  it('treats discovered keys like declared ones', () => {
    const keys: KeyPattern[] = [{ pattern: 'cli~board~{ward}', mode: 'readWrite', discovered: true }];
    expect(lintTemplates([{ operation: 'op', version: 1, keys }]).map(({ rule }) => rule)).toEqual(['hub-key']);
  });

  it('finds nothing wrong with the patterns of the families themselves', () => {
    const patterns = keyFamilies.filter(
      ({ name }) => name !== 'delta-counter' && name !== 'head' && name !== 'slot-grain',
    );
    for (const { pattern, modes } of patterns) {
      expect(
        rulesOf(...modes.map((mode): LineOf => [mode, pattern.replace('{space}', 'cli').replace('{entity}', 'x')])),
      ).toEqual([]);
    }
  });
});
