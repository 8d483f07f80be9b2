import type { ApplicationConfig, DatabaseConfig, ProxyConfig, UserConfig } from './proxy-config.ts';
import type { ScopedSettings, Scope, SessionSettings, StatementSettings, SettingName } from './scoped-settings.ts';

/** Whose settings are asked for. */
export interface Who {
  readonly database: string;
  readonly user: string;
  /** Undefined: whatever it is, its rules are left out. */
  readonly application?: string;
}

/** The database of the configuration that a client means; `*` stands for all that are not listed. */
export function databaseOf(config: ProxyConfig, name: string): { key: string; database: DatabaseConfig } | undefined {
  return ruleOf(config.databases, name, 'database');
}

/** The rules of a user; `*` has them for all that are not listed. */
export function userOf(config: ProxyConfig, name: string): { key: string; user: UserConfig } | undefined {
  return ruleOf(config.users, name, 'user');
}

function ruleOf<R, W extends string>(
  rules: Readonly<Record<string, R>>,
  name: string,
  word: W,
): ({ key: string } & Record<W, R>) | undefined {
  const key = Object.hasOwn(rules, name) ? name : '*';
  const rule = rules[key];
  return rule === undefined ? undefined : ({ key, [word]: rule } as { key: string } & Record<W, R>);
}

/** The rules of an application: of its name, or of the longest beginning of it that is listed with `*`. */
export function applicationOf(
  config: ProxyConfig,
  name: string,
): { key: string; application: ApplicationConfig } | undefined {
  const { applications } = config;
  const found = Object.hasOwn(applications, name)
    ? name
    : Object.keys(applications)
        .filter((key) => key.endsWith('*') && name.startsWith(key.slice(0, -1)))
        .reduce<string | undefined>((longest, key) => (key.length > (longest?.length ?? 0) ? key : longest), undefined);
  const application = found === undefined ? undefined : applications[found];
  return found === undefined || application === undefined ? undefined : { key: found, application };
}

type Level = readonly [Scope, Readonly<Partial<ScopedSettings>> | undefined];

/** What each scope says to somebody, the widest first. */
function levelsOf(
  config: ProxyConfig,
  { database, user, application }: Who,
  session?: SessionSettings,
  statement?: StatementSettings,
): readonly Level[] {
  return [
    ['global', config.pool],
    ['database', databaseOf(config, database)?.database],
    ['user', userOf(config, user)?.user],
    ['application', application === undefined ? undefined : applicationOf(config, application)?.application],
    ['session', session],
    ['statement', statement],
  ];
}

/** The settings of somebody: of each the one of the narrowest scope that has it. */
export function settingsFor(
  config: ProxyConfig,
  who: Who,
  session?: SessionSettings,
  statement?: StatementSettings,
): ScopedSettings {
  const levels = levelsOf(config, who, session, statement).map(([, level]) => level);
  return Object.assign({}, ...levels) as ScopedSettings;
}

/** A setting of somebody, and which scope it is from. */
export function settingFor<N extends SettingName>(
  config: ProxyConfig,
  name: N,
  who: Who,
  session?: SessionSettings,
): { readonly value: ScopedSettings[N]; readonly scope: Scope } {
  const found = levelsOf(config, who, session).findLast(([, level]) => level?.[name] !== undefined);
  return { value: (found?.[1] ?? config.pool)[name] as ScopedSettings[N], scope: found?.[0] ?? 'global' };
}
