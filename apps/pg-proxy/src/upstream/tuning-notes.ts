import { clampsOf, type Clamp, type PoolName } from '@medrex/pool';
import type { LoadedConfig } from '../config/load-config.ts';
import { poolSettingNames } from '../config/scoped-settings.ts';
import { settingsFor } from '../config/scopes.ts';
import { connectionsMax } from '../login/open-files.ts';
import { LicenceShares } from './iris/licence-shares.ts';
import { policyOf } from './pool-policy.ts';
import { poolNameOf } from './upstream-logins.ts';

/**
 * Parts of a configuration that cannot take effect as asked, or have no effect; one note for all pools to which it applies. `*` stands for
 * users without rules of their own.
 *
 * @param filesMax the number of files that the process may have open
 */
export function tuningNotes(loaded: LoadedConfig, filesMax: number): readonly string[] {
  const { config } = loaded;
  const policy = policyOf(config, new LicenceShares(config, undefined));
  const users = new Set([...Object.keys(config.users), '*']);
  const names = Object.entries(config.databases).flatMap(([database, { upstream, upstreamOfClass = {} }]) =>
    [...users].flatMap((user) => {
      const upstreams = new Set([upstream, ...Object.values(upstreamOfClass)]);
      return [...upstreams].map((at): PoolName => poolNameOf(loaded, at, database, user));
    }),
  );
  const subjects = new Map<string, Set<string>>();
  const add = (subject: string, note: string): void =>
    void subjects.set(note, (subjects.get(note) ?? new Set()).add(subject));
  for (const name of names) {
    for (const clamp of clampsOf(policy, name)) add(clamp.subject, clampText(clamp));
    for (const note of ineffectiveSettings(settingsFor(config, name))) add(`${name.database}/${name.user}`, note);
  }
  return [
    ...[...subjects].map(([note, pools]) => `pool ${listOf([...pools])}: ${note}`),
    ...rulesWithoutPool(loaded),
    ...tooFewFiles(config.clientsMax, filesMax),
  ];
}

function tooFewFiles(clientsMax: number, filesMax: number): readonly string[] {
  const room = connectionsMax(filesMax);
  if (clientsMax < room) return [];
  return [
    `clientsMax ${clientsMax}: there is room for ${room} clients and backends together, because this process may open ${filesMax} files (ulimit -n, LimitNOFILE)`,
  ];
}

/** Rules for users whose pools belong to another user. */
function rulesWithoutPool(loaded: LoadedConfig): readonly string[] {
  const { databases, users } = loaded.config;
  const places = new Map<string, Set<string>>();
  for (const [user, rules] of Object.entries(users)) {
    const names = poolRuleNames.filter((name) => rules[name] !== undefined && rules[name] !== users['*']?.[name]);
    for (const [database, { upstream }] of names.length === 0 ? [] : Object.entries(databases)) {
      if (rules.databases?.includes(database) === false) continue;
      const { user: as } = poolNameOf(loaded, upstream, database, user);
      const note = `users.${user}: logs in at the server as ${as}, whose rules apply instead of ${names.join(', ')}`;
      if (as !== user) places.set(note, (places.get(note) ?? new Set()).add(database));
    }
  }
  return [...places].map(([note, where]) => `${note}, in ${listOf([...where])}`);
}

const poolRuleNames = [...poolSettingNames, 'backendsMax'] as const;

/** How many pools a note lists. */
const listedMax = 3;

function listOf(pools: readonly string[]): string {
  const more = pools.length - listedMax;
  return pools.slice(0, listedMax).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

export function clampNotice(clamp: Clamp): string {
  return `pool ${clamp.subject}: ${clampText(clamp)}`;
}

function clampText({ setting, configured, applied, cause }: Clamp): string {
  const causes = { licence: 'the licence', limit: 'a limit across pools', max: 'its size' } as const;
  const field = setting === 'max' ? 'size' : setting;
  return `${field} is ${applied} instead of ${configured}, because of ${causes[cause]}`;
}

function* ineffectiveSettings(settings: ReturnType<typeof settingsFor>): Generator<string> {
  const { waitTimeoutMs, reserve, reserveAfterMs, noticeAfterMs } = settings;
  if (reserve > 0 && reserveAfterMs >= waitTimeoutMs)
    yield `reserve is never used, because no client waits longer than waitTimeoutMs ${waitTimeoutMs}`;
  if (noticeAfterMs >= waitTimeoutMs)
    yield `noticeAfterMs has no effect, because no client waits longer than waitTimeoutMs ${waitTimeoutMs}`;
}
