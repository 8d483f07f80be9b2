import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../../deploy/prometheus/', import.meta.url));
const promtool = process.env['MEDREX_PROMTOOL'] ?? 'promtool';
const isThere = spawnSync(promtool, ['--version']).status === 0;

// Debian has it in the package prometheus.
(isThere ? describe : describe.skip)('the alert rules, as Prometheus reads them (promtool)', () => {
  it.each([
    ['are valid', ['check', 'rules', 'pg-proxy.rules.yaml']],
    ['fire when they should, and only then', ['test', 'rules', 'pg-proxy.rules.test.yaml']],
  ])('%s', (_what, args) => {
    const { status, stdout, stderr } = spawnSync(promtool, args, { cwd: folder, encoding: 'utf8' });
    expect({ status, text: `${stdout}${stderr}` }).toMatchObject({
      status: 0,
      text: expect.stringContaining('SUCCESS'),
    });
  });
});
