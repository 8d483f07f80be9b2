import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { turbofanFlag } from './compile-early.ts';

describe('the flag for compiling early', () => {
  it('exists in this version of Node, because V8 only warns about unknown flags', () => {
    const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
    expect(known).toContain(`${turbofanFlag} (invocation count`);
  });
});
