import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { accessModes } from './declared-key.ts';
import type { KeyPattern } from './key-template.ts';
import { lintRules } from './lint-rules.ts';
import { lintTemplates } from './lint-templates.ts';

const guide = readFileSync(new URL('../../../docs/how-to/chaincode-key-design.md', import.meta.url), 'utf8');
const sections = guide.split(/^### /m).slice(1);

const linesOf = (section: string, verdict: 'bad' | 'good'): KeyPattern[] =>
  [...section.matchAll(/^(bad|good) +(\w+) +(\S+)$/gm)].flatMap(([, stated, mode, pattern]) =>
    stated === verdict ? [{ mode: accessModes.find((one) => one === mode)!, pattern: pattern! }] : [],
  );
const found = (keys: readonly KeyPattern[]) =>
  lintTemplates([{ operation: 'op', version: 1, keys }]).map(({ rule }) => rule);

describe('the guide to key design', () => {
  it('explains every rule of the linter', () => {
    const explained = sections.map((section) => /^`(.*)`/.exec(section)?.[1]);
    expect(Object.keys(lintRules).filter((rule) => !explained.includes(rule))).toEqual([]);
  });

  it('shows for every rule what the linter finds', () => {
    for (const section of sections) {
      const rule = /^`(.*)`/.exec(section)?.[1];
      const bad = linesOf(section, 'bad');
      if (rule !== undefined && rule !== 'hot-key') expect([rule, found(bad)]).toEqual([rule, [rule]]);
    }
  });

  it('shows nothing as good that the linter finds', () => {
    for (const section of sections) {
      const good = linesOf(section, 'good');
      expect([section.split('\n')[0], found(good)]).toEqual([section.split('\n')[0], []]);
    }
  });
});
