import type { ApplicationConfig, DatabaseConfig, ProxyConfig, UserConfig } from './proxy-config.ts';
import type { ScopedSettings, SessionSettings, StatementSettings } from './scoped-settings.ts';

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

/** The settings of somebody: of each the one of the narrowest scope that has it. */
export function settingsFor(
  config: ProxyConfig,
  { database, user, application }: Who,
  session?: SessionSettings,
  statement?: StatementSettings,
): ScopedSettings {
  const ofApplication = application === undefined ? undefined : applicationOf(config, application)?.application;
  const narrower = [databaseOf(config, database)?.database, userOf(config, user)?.user, ofApplication];
  return Object.assign({}, config.pool, ...narrower, session, statement) as ScopedSettings;
}
