import { chmodSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EmbeddedEventLog } from './event-log.ts';
import { aFolder } from './testing/a-folder.ts';

const rightsOf = (folder: string): number => statSync(folder).mode & 0o777;

describe('the folder of the plain-text topics', () => {
  it('is created for its owner only, and an existing one keeps its permissions', async () => {
    const folder = aFolder();
    const root = join(folder.path, 'data', 'log');
    const intake = join(root, 'intake');
    await new EmbeddedEventLog({ root }).close();
    expect(rightsOf(intake)).toBe(0o700);
    expect(rightsOf(root) & 0o700).toBe(0o700);
    chmodSync(intake, 0o750);
    await new EmbeddedEventLog({ root }).close();
    expect(rightsOf(intake)).toBe(0o750);
    rmSync(intake, { recursive: true });
    folder.remove();
  });
});
