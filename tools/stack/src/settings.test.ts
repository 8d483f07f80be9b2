import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keepSettings } from './settings.ts';

describe('keepSettings', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'settings-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('accepts the settings with which the data were created', () => {
    keepSettings('fabric', folder, { BatchTimeout: '20ms' });
    expect(() => keepSettings('fabric', folder, { BatchTimeout: '20ms' })).not.toThrow();
  });

  it('names the settings that differ', () => {
    keepSettings('fabric', folder, { BatchTimeout: '20ms', channel: 'ehr' });
    expect(() => keepSettings('fabric', folder, { BatchTimeout: '500ms', channel: 'ehr' })).toThrow(
      'fabric has data created with BatchTimeout 20ms, requested 500ms.',
    );
  });
});
