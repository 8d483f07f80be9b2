import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { turbofanFlag } from './compile-early.ts';

describe('the flag by which V8 compiles early', () => {
  it('is one that this Node has: of another one V8 only complains', () => {
    const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
    expect(known).toContain(`${turbofanFlag} (invocation count`);
  });
});
