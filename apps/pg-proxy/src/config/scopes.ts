import type { ApplicationConfig, DatabaseConfig, ProxyConfig, UserConfig } from './proxy-config.ts';
import type { ScopedSettings, SessionSettings, StatementSettings } from './scoped-settings.ts';

/** Whose settings are wanted. */
export interface Who {
  readonly database: string;
  readonly user: string;
  /** Undefined: rules for applications are left out. */
  readonly application?: string;
}

/** The configured database for a client's name; `*` stands for all that are not listed. */
export function databaseOf(config: ProxyConfig, name: string): { key: string; database: DatabaseConfig } | undefined {
  const key = keyIn(config.databases, name);
  const database = config.databases[key];
  return database === undefined ? undefined : { key, database };
}

/** The rules of a user; `*` applies to all that are not listed. */
export function userOf(config: ProxyConfig, name: string): { key: string; user: UserConfig } | undefined {
  const key = keyIn(config.users, name);
  const user = config.users[key];
  return user === undefined ? undefined : { key, user };
}

const keyIn = (rules: Readonly<Record<string, unknown>>, name: string): string =>
  Object.hasOwn(rules, name) ? name : '*';

/** The rules of an application: for its name, or for the longest prefix listed with `*`. */
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

/**
 * By configuration, which does not change once it is read, and by the applicable rules: few combinations, however many clients there are.
 */
const known = new WeakMap<ProxyConfig, Map<string, ScopedSettings>>();
const none = '\0';

/** The settings of a client, each from the narrowest scope that has it. Clients under the same rules share one object. */
export function settingsFor(
  config: ProxyConfig,
  { database, user, application }: Who,
  session?: SessionSettings,
  statement?: StatementSettings,
): ScopedSettings {
  const ofDatabase = databaseOf(config, database);
  const ofUser = userOf(config, user);
  const ofApplication = application === undefined ? undefined : applicationOf(config, application);
  const rules = `${ofDatabase?.key ?? none}\0${ofUser?.key ?? none}\0${ofApplication?.key ?? none}`;
  const ofConfig = known.get(config) ?? new Map<string, ScopedSettings>();
  let settings = ofConfig.get(rules);
  if (settings === undefined) {
    settings = { ...config.pool, ...ofDatabase?.database, ...ofUser?.user, ...ofApplication?.application };
    known.set(config, ofConfig.set(rules, Object.freeze(settings)));
  }
  return session === undefined && statement === undefined ? settings : { ...settings, ...session, ...statement };
}
