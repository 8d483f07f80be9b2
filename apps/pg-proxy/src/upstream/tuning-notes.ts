import { clampsOf, type Clamp, type PoolName } from '@medrex/pool';
import type { LoadedConfig } from '../config/load-config.ts';
import { settingsFor } from '../config/scopes.ts';
import { LicenceShares } from './licence-shares.ts';
import { policyOf } from './policy.ts';

/** What of a configuration its pools will not have as it was asked for, or have in vain. `*` stands for who has no rules of his own. */
export function tuningNotes({ config, identities }: LoadedConfig): readonly string[] {
  const policy = policyOf(config, new LicenceShares(config, undefined));
  const users = new Set([...Object.keys(config.users), '*']);
  const names = Object.entries(config.databases).flatMap(([database, { upstream, upstreamOfClass = {} }]) =>
    [...users].flatMap((user) => {
      const upstreamUser = identities.find(user, database, database)?.as ?? user;
      const upstreams = new Set([upstream, ...Object.values(upstreamOfClass)]);
      return [...upstreams].map((at): PoolName => ({ upstream: at, database, user, upstreamUser }));
    }),
  );
  const notes = names.flatMap((name) => [
    ...clampsOf(policy, name).map(clampNotice),
    ...inVain(`${name.database}/${name.user}`, settingsFor(config, name)),
  ]);
  return [...new Set(notes)];
}

export function clampNotice({ subject, setting, asked, given, because }: Clamp): string {
  const causes = { licence: 'the licence', limit: 'a limit across pools', max: 'its size' } as const;
  return `pool ${subject}: ${setting} is ${given} in place of ${asked}, because of ${causes[because]}`;
}

function* inVain(subject: string, settings: ReturnType<typeof settingsFor>): Generator<string> {
  const { waitTimeoutMs, reserve, reserveAfterMs, noticeAfterMs } = settings;
  if (reserve > 0 && reserveAfterMs >= waitTimeoutMs)
    yield `pool ${subject}: reserve is never used, because nobody waits longer than waitTimeoutMs ${waitTimeoutMs}`;
  if (noticeAfterMs >= waitTimeoutMs)
    yield `pool ${subject}: nobody is told that he waits, because nobody waits longer than waitTimeoutMs ${waitTimeoutMs}`;
}
