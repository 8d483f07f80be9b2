import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { problemsOf } from './config-problems.ts';
import { proxyConfig, type ProxyConfig } from './proxy-config.ts';

const chart = fileURLToPath(new URL('../../../../deploy/helm/pg-proxy/', import.meta.url));
const helm = process.env['MEDREX_HELM'] ?? 'helm';
const isThere = spawnSync(helm, ['version']).status === 0;
const run = (...args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(helm, args, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
};
const template = (...settings: readonly string[]): readonly string[] => [
  ...['template', 'clinic', chart, '--namespace', 'his', '--kube-version', '1.30'],
  ...settings.flatMap((setting) => ['--set', setting]),
];
const rendered = (...settings: readonly string[]): string => run(...template(...settings));
const configs = (text: string): readonly ProxyConfig[] =>
  [...text.matchAll(/^ {2}proxy-\d+\.json: \|\n((?: {4}.*\n)+)/gm)].map(([, json = '']) =>
    proxyConfig.parse(JSON.parse(json)),
  );
const kindsIn = (text: string): string[] => [...text.matchAll(/^kind: (\w+)/gm)].map(([, kind = '']) => kind).sort();

// Debian has no package of it; `go install helm.sh/helm/v3/cmd/helm@latest` makes one.
(isThere ? describe : describe.skip)('the Helm chart (left out where there is no helm)', () => {
  it('passes helm lint', () => {
    expect(run('lint', '--strict', chart)).toContain('0 chart(s) failed');
  });

  it('gives each instance a valid configuration with its number and its peers', () => {
    const all = configs(rendered('replicas=3'));
    expect(all.flatMap((config) => [...problemsOf(config)])).toEqual([]);
    const peer = (number: number) => ({
      host: `clinic-pg-proxy-${number - 1}.clinic-pg-proxy-peers.his.svc`,
      port: 6433,
      tls: 'disable',
    });
    expect(all.map(({ instance }) => instance)).toEqual([
      { id: 1, own: { host: '0.0.0.0', port: 6433 }, peers: { 2: peer(2), 3: peer(3) } },
      { id: 2, own: { host: '0.0.0.0', port: 6433 }, peers: { 1: peer(1), 3: peer(3) } },
      { id: 3, own: { host: '0.0.0.0', port: 6433 }, peers: { 1: peer(1), 2: peer(2) } },
    ]);
  });

  it.each([
    ['replicas=abc', 'replicas'],
    ['replicas=0', 'replicas'],
    ['replica=3', 'replica'],
    ['image.tag=', 'tag'],
    ['config.listen.port=70000', 'port'],
    ['service.type=Loadbalancer', 'type'],
    ['persistence.enable=true', 'enable'],
  ])('refuses a wrong value, and names it: %s', (setting, name) => {
    const { status, stderr } = spawnSync(helm, template(setting), { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain(name);
  });

  it('gives a drain the time that it may take', () => {
    const text = rendered('config.drain.timeoutMs=90000');
    const [{ drain }] = configs(text) as [ProxyConfig];
    const [, seconds] = /terminationGracePeriodSeconds: (\d+)/.exec(text) ?? [];
    expect(Number(seconds) * 1_000).toBeGreaterThan(drain.announceMs + drain.timeoutMs);
  });

  it('rolls out a changed configuration, and not an unchanged one', () => {
    const sum = (text: string): string | undefined => /checksum\/config: (\w+)/.exec(text)?.[1];
    expect(sum(rendered())).toBe(sum(rendered()));
    expect(sum(rendered('config.pool.size=7'))).not.toBe(sum(rendered()));
  });

  it('contains what is asked for', () => {
    const always = ['ConfigMap', 'PodDisruptionBudget', 'Service', 'Service', 'StatefulSet'];
    expect(kindsIn(rendered())).toEqual(always);
    const more = rendered('serviceMonitor.enabled=true', 'persistence.enabled=true', 'service.type=LoadBalancer');
    expect(kindsIn(more)).toEqual([...always, 'ServiceMonitor'].sort());
    expect(more).toMatch(/volumeClaimTemplates:/);
    expect(more).not.toMatch(/name: data\n +emptyDir/);
  });
});
