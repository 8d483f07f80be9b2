import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

describe('the link to the Node of this repository', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'medrex-link-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const linking = (times: number) => {
    const code = `const { linkTo } = require(${JSON.stringify(resolve('tools/node/ensure.cjs'))});
      for (let time = 0; time < ${times}; time++) {
        linkTo(${JSON.stringify(join(folder, 'node'))}, process.argv[1] === 'same' ? 'target' : 'target' + (time % 2));
        require('node:fs').readlinkSync(${JSON.stringify(join(folder, 'node'))});
      }`;
    return (target: 'same' | 'changing') =>
      once(spawn(process.execPath, ['-e', code, target], { stdio: 'inherit' }), 'exit');
  };

  it.each(['same', 'changing'] as const)(
    'exists at every moment while six scripts create it concurrently (%s target)',
    async (target) => {
      const link = linking(200);
      const exits = await Promise.all(Array.from({ length: 6 }, () => link(target)));

      expect(exits.map(([code]) => code as number)).toEqual([0, 0, 0, 0, 0, 0]);
      expect(readdirSync(folder)).toEqual(['node']);
    },
  );

  it('is updated whatever its previous target', async () => {
    symlinkSync('nowhere', join(folder, 'node'));
    await linking(1)('same');

    expect(readlinkSync(join(folder, 'node'))).toBe('target');
  });
});
