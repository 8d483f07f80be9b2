import { proxyConfig, type ProxyConfig } from './proxy-config.ts';

/** One field of the configuration, as SHOW CONFIG has it. */
export interface ConfigRow {
  readonly key: string;
  readonly value: string;
  /** Where it counts. */
  readonly scope: 'global' | 'database' | 'user' | 'application';
  /** By RELOAD; `no`: by a restart only. */
  readonly changeable: 'yes' | 'no';
}

/** What is read once, when the process starts. */
const atStart =
  /^(?:listen\.(?:host|port|reusePort|socket)|metrics\.(?:host|port)|instance\.(?:id|own)|cache\.redis|audit|ioUring|statistics\.(?:isOn|queriesMax|folder)|classes)(?:\.|$)/;
const scopeOf: Readonly<Record<string, ConfigRow['scope']>> = {
  databases: 'database',
  users: 'user',
  applications: 'application',
};

/** By RELOAD. */
export const isChangeable = (field: string): boolean => !atStart.test(field);

/** Of secrets the configuration knows only where they are; that is shown. */
export function configRows(config: ProxyConfig): readonly ConfigRow[] {
  return flat(config, '').map(([key, value]) => ({
    ...{ key, value: String(value), scope: scopeOf[key.split('.', 1)[0] ?? ''] ?? 'global' },
    changeable: isChangeable(key) ? 'yes' : 'no',
  }));
}

/** A configuration that says nothing: `rows` of it are what fields are by default. */
export function defaultsOf(rows: (config: ProxyConfig) => readonly ConfigRow[]): ReadonlyMap<string, string> {
  const { auth, ...others } = proxyConfig.parse({ upstreams: {}, databases: {}, auth: { userFile: 'named' } });
  return new Map(rows({ ...others, auth: { ...auth, userFile: undefined } }).map(({ key, value }) => [key, value]));
}

function flat(value: unknown, path: string): [string, unknown][] {
  if (value === undefined) return [];
  if (typeof value !== 'object' || value === null) return [[path, value]];
  if (Array.isArray(value) && !value.some((item) => typeof item === 'object')) return [[path, value]];
  return Object.entries(value).flatMap(([name, inner]) => flat(inner, path === '' ? name : `${path}.${name}`));
}

/** The fields that differ and that RELOAD does not change: they need a restart. */
export function needRestart(before: ProxyConfig, after: ProxyConfig): readonly string[] {
  const now = new Map(configRows(after).map(({ key, value }) => [key, value]));
  const old = new Map(configRows(before).map(({ key, value }) => [key, value]));
  const keys = new Set([...old.keys(), ...now.keys()].filter((key) => atStart.test(key)));
  return [...keys].filter((key) => old.get(key) !== now.get(key));
}
