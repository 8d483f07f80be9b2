import { proxyConfig, type ProxyConfig } from './proxy-config.ts';

/** A field of the configuration, as SHOW CONFIG lists it. */
export interface ConfigRow {
  readonly key: string;
  readonly value: string;
  /** The scope in which it applies. */
  readonly scope: 'global' | 'database' | 'user' | 'application';
  /** By RELOAD; `no`: only by a restart. */
  readonly changeable: 'yes' | 'no';
}

/** Fields that are only read when the process starts. */
const restartOnly =
  /^(?:listen\.(?:host|port|reusePort|socket)|metrics\.(?:host|port)|instance\.(?:id|own)|cache\.redis|audit|ioUring|statistics\.(?:isOn|queriesMax|folder)|classes)(?:\.|$)/;
const scopeOf: Readonly<Record<string, ConfigRow['scope']>> = {
  databases: 'database',
  users: 'user',
  applications: 'application',
};

/** By RELOAD. */
export const isChangeable = (field: string): boolean => !restartOnly.test(field);

/** Of a secret the configuration only knows where it is; that is shown. */
export function configRows(config: ProxyConfig): readonly ConfigRow[] {
  return flat(config, '').map(([key, value]) => ({
    key,
    value: String(value),
    scope: scopeOf[key.split('.', 1)[0] ?? ''] ?? 'global',
    changeable: isChangeable(key) ? 'yes' : 'no',
  }));
}

/** The rows of an empty configuration: the default values. */
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
  const keys = new Set([...old.keys(), ...now.keys()].filter((key) => restartOnly.test(key)));
  return [...keys].filter((key) => old.get(key) !== now.get(key));
}
