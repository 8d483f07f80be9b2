import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keysLint } from './keys-lint.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'medrex-lint-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string): string {
  const path = join(folder, 'input');
  writeFileSync(path, text);
  return path;
}

describe('medrex keys lint', () => {
  it.each([
    ['[{}]', /is not a list of key templates: 0\.operation: /],
    ['{}', /is not a list of key templates/],
    ['[{"operation":"a","version":1,"keys":[{"pattern":"cli~a~{id}","mode":"modify"}]}]', /0\.keys\.0\.mode: /],
    ['templates', /is not JSON/],
  ])('reports an invalid file of templates: %s', async (text, message) => {
    await expect(keysLint({ templates: file(text), json: true })).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringMatching(message) as unknown as string,
    });
  });

  it.each([
    ['{"reads":[],"writes":[]}\n{}', /line 2 is not a read-write set: reads: /],
    ['null', /line 1 is not a read-write set/],
    ['{"reads":["cli~a"],"writes":[]}', /line 1 is not a read-write set: reads\.0: /],
    ['set', /line 1 is not JSON/],
  ])('reports invalid recorded read-write sets: %s', async (text, message) => {
    await expect(keysLint({ recorded: file(text), json: true })).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringMatching(message) as unknown as string,
    });
  });
});
