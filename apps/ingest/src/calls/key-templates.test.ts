import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKeyTemplates } from './key-templates.ts';

describe('key templates', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'medrex-templates-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const templates = (json: unknown) => {
    const file = join(folder, 'templates.json');
    writeFileSync(file, typeof json === 'string' ? json : JSON.stringify(json));
    return readKeyTemplates(file);
  };

  it('insert arguments into plain and composite keys', () => {
    const read = templates({
      basic: {
        transferAsset: [
          { key: 'asset~{0}', mode: 'readWrite' },
          { key: ['owner~asset', '{1}', '{0}'], mode: 'write' },
        ],
        listAssets: [],
      },
    });
    expect(read.keysOf('basic', 'transferAsset', ['a1', 'ann', 'rest'])).toEqual([
      { key: 'asset~a1', mode: 'readWrite' },
      { key: '\u0000owner~asset\u0000ann\u0000a1\u0000', mode: 'write' },
    ]);
    expect(read.keysOf('basic', 'listAssets', [])).toEqual([]);
    expect(read.keysOf('basic', 'constructor', [])).toBeUndefined();
    expect(read.keysOf('other', 'transferAsset', ['a', 'b'])).toBeUndefined();
    expect(read.keysOf('basic', 'transferAsset', ['a1'])).toEqual({ needs: 2 });
  });

  it('insert arguments literally, whatever they contain', () => {
    const read = templates({ basic: { set: [{ key: '{0}/{1}', mode: 'write' }] } });
    expect(read.keysOf('basic', 'set', ['{1}', '$&'])).toEqual([{ key: '{1}/$&', mode: 'write' }]);
  });

  it.each([
    ['text that is not JSON', '{', 'is not JSON'],
    ['an unknown mode', { basic: { f: [{ key: '{0}', mode: 'update' }] } }, 'basic.f.0.mode'],
    ['an empty key', { basic: { f: [{ key: '', mode: 'read' }] } }, 'basic.f.0.key'],
    ['an unknown member', { basic: { f: [{ key: 'a', mode: 'read', kind: 'x' }] } }, 'basic.f.0'],
    ['an invalid chaincode name', { 'a b': {} }, 'a b'],
  ])('are refused for %s, naming the place', (_, json, where) => {
    expect(() => templates(json)).toThrow(expect.objectContaining({ code: 'CALL_TEMPLATES_INVALID' }));
    expect(() => templates(json)).toThrow(where);
  });

  it('are empty when no file is configured, and an error when the file is missing', () => {
    expect(readKeyTemplates(undefined).keysOf('basic', 'f', [])).toBeUndefined();
    expect(() => readKeyTemplates(join(folder, 'absent.json'))).toThrow('cannot be read');
  });
});
