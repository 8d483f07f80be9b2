import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const file = join(import.meta.dirname, 'withhold-messages.ts');

/** The output and exit status of a process that throws. */
function endsBy(throwing: string): { readonly printed: string; readonly status: number | null } {
  const program = `import { withholdMessages } from ${JSON.stringify(file)};
    withholdMessages({ logFatal: (error) => console.log('died of', error.name) });
    ${throwing}`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  return { printed: `${stdout}${stderr}`, status };
}

describe('a process whose errors may quote data of clients', () => {
  it.each(["setTimeout(() => { throw new TypeError('secret'); })", "Promise.reject(new TypeError('secret'))"])(
    'ends without printing the error message: %s',
    (throwing) => {
      const { printed, status } = endsBy(throwing);
      expect(printed).toContain('died of TypeError');
      expect(printed).not.toContain('secret');
      expect(status).toBe(1);
    },
  );
});
