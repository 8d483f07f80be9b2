import { expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';

it('keeps string methods as fast as before ioredis was loaded', () => {
  const pool = new URL('./redis-pool.ts', import.meta.url).href;
  const code = `await import('${pool}'); process.stdout.write(String(%HasFastProperties(String.prototype)));`;
  const flags = ['--conditions=@medrex/source', '--allow-natives-syntax', '--input-type=module'];
  const said = execFileSync(process.execPath, [...flags, '--eval', code], { stdio: 'pipe' });
  expect(said.toString()).toBe('true');
});
