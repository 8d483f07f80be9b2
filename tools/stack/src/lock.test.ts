import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lockFolder } from './lock.ts';

describe('lockFolder', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'lock-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is held by one command at a time', () => {
    const unlock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(expect.objectContaining({ code: 'STACK_BUSY' }));
    unlock();
    lockFolder(folder)();
  });

  it('takes over from a killed command, even when its pid was reused', () => {
    writeFileSync(join(folder, 'lock'), `${process.pid} another-boot/1`);
    lockFolder(folder)();
  });
});
