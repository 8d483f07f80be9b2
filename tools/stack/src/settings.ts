import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stackError } from './errors.ts';

/**
 * Settings that a part's data were made with and that cannot be changed afterwards. The first call notes them; a later one
 * with others fails and says which differ.
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
  const list = differing.map((name) => `${name} ${before[name] ?? 'unset'}, asked for ${settings[name] ?? 'unset'}`);
  throw stackError('settings', `${part} has data made with ${list.join('; ')}.`);
}
