import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { oldGenerationMax, oldGenerationUse } from './overload.ts';

const mebibyte = 1_048_576;

describe('memory of the process', () => {
  it('is the old generation: V8 aborts when that is full, whatever is left for new objects', () => {
    const spaces = [
      { space_name: 'read_only_space', space_used_size: 7 },
      { space_name: 'new_space', space_used_size: 60 },
      { space_name: 'new_large_object_space', space_used_size: 60 },
      { space_name: 'old_space', space_used_size: 50 },
      { space_name: 'large_object_space', space_used_size: 25 },
    ];
    expect(oldGenerationUse(spaces, 100)).toBe(0.75);
  });

  it("is measured against the old generation's part of V8's limit", () => {
    // What Node 24 says in containers of 768 MiB, 1.5 GiB and 2 GiB, and where there is plenty; half of the memory is for what is old.
    const limits = [432, 846, 1_120, 4_288].map((limit) => oldGenerationMax(limit * mebibyte, '') / mebibyte);
    for (const [at, old] of [384, 750, 1_024, 4_096].entries()) {
      expect(limits[at]).toBeGreaterThan(old * 0.95);
      expect(limits[at]).toBeLessThanOrEqual(old * 1.01);
    }
  });

  it('is compared with the configured limit', () => {
    const options = '--max-old-space-size=256';
    const { stdout } = spawnSync(process.execPath, [options, '-p', 'v8.getHeapStatistics().heap_size_limit'], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    expect(Number(stdout)).toBeGreaterThan(256 * mebibyte);
    expect(oldGenerationMax(Number(stdout), options)).toBe(256 * mebibyte);
  });
});
