import { configRows } from '../config/config-rows.ts';
import { settingsTable } from '../config/pgbouncer/settings-table.ts';
import type { ProxyConfig } from '../config/proxy-config.ts';
import { failure, applyConfig, type CommandContext, type Outcome } from './commands.ts';

export interface Setting {
  readonly name: string;
  readonly value: string;
}

const setPattern = /^\s*set\s+(\w+)(?:\s*=\s*|\s+to\s+)(?:'((?:[^']|'')*)'|([\w.*-]+))\s*;?\s*$/i;

/** SET of one of PgBouncer's settings: SQL takes no `SET verbose = 1`. */
export function readSet(text: string): Setting | undefined {
  const [, name = '', quoted, plain = ''] = setPattern.exec(text) ?? [];
  const setting = { name: name.toLowerCase(), value: quoted?.replaceAll("''", "'") ?? plain };
  return Object.hasOwn(settingsTable, setting.name) ? setting : undefined;
}

/** SET of what the configuration says; undefined where it is a setting of the session. */
export function applySet({ name, value }: Setting, context: CommandContext): Outcome | undefined {
  const { config, lifecycle, isAdmin } = context;
  const isOfPgBouncer = Object.hasOwn(settingsTable, name);
  if (lifecycle.set === undefined || !isOfPgBouncer) return refusalOf(name, config);
  if (!isAdmin) return failure('42501', 'this user may use SHOW, but not SET');
  const { set } = lifecycle;
  return applyConfig('SET', () => set(name, value));
}

function refusalOf(name: string, config: ProxyConfig): Outcome | undefined {
  const field = fieldOf(name, config);
  if (field === undefined) return undefined;
  const hint = field === '' ? 'It has no effect here.' : `Change ${field} in the configuration, then RELOAD.`;
  return failure('0A000', `"${name}" cannot be changed by SET`, hint);
}

/** What a setting of PgBouncer, or of the configuration, is called there; undefined: it is one of the session. */
function fieldOf(name: string, config: ProxyConfig): string | undefined {
  const mapping = Object.hasOwn(settingsTable, name) ? settingsTable[name] : undefined;
  if (mapping !== undefined) return mapping === 'readSeparately' ? name : 'field' in mapping ? mapping.field : '';
  return configRows(config).some(({ key }) => key === name) ? name : undefined;
}
