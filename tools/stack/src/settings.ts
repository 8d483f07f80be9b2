import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stackError } from './errors.ts';

/**
 * Settings of a part that cannot be changed after its data were created. The first call records them; a later call with other values
 * fails and names the differences.
 */
export function keepSettings(part: string, folder: string, settings: Readonly<Record<string, string>>): void {
  const file = join(folder, 'settings.json');
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, `${JSON.stringify(settings, null, 2)}\n`);
    return;
  }
  const before = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  const names = new Set([...Object.keys(before), ...Object.keys(settings)]);
  const differing = [...names].filter((name) => before[name] !== settings[name]);
  if (differing.length === 0) return;
  const list = differing.map((name) => `${name} ${before[name] ?? 'unset'}, requested ${settings[name] ?? 'unset'}`);
  throw stackError('settings', `${part} has data created with ${list.join('; ')}.`);
}
