import { describe, expect, it } from '@jest/globals';
import { lintTemplates, parseStateKey } from '@medrex/keys';
import fc from 'fast-check';
import { assetFacts, assetKeys, assetTemplates } from './testing/index.ts';

describe('the templates of the asset contract', () => {
  it('say which keys an operation declares, and how', () => {
    fc.assert(
      fc.property(assetFacts, (facts) => {
        const template = assetTemplates.find(({ operation }) => operation === facts.do);
        const lines = template!.keys.filter(({ discovered }) => discovered !== true);
        const isOf = (key: string, pattern: string): boolean => {
          const fixed = new RegExp(`^${pattern.replace(/\{[^}]*\}/g, '[^~]*')}$`);
          return parseStateKey(key) !== undefined && fixed.test(key);
        };
        for (const { key, mode } of assetKeys(facts)) {
          expect(lines.filter((line) => line.mode === mode && isOf(key, line.pattern))).toHaveLength(1);
        }
      }),
    );
  });

  it('follow the rules of key design', () => {
    expect(lintTemplates(assetTemplates)).toEqual([]);
  });
});
