import { settingPrefix } from '../../config/session-settings.ts';
import { gap, hasNestedComments, start } from './leaves-state.ts';

const resetPattern = new RegExp(
  String.raw`${start}(?:reset|discard|set${gap}[^;]*\b(?:default|zone${gap}+local))\b`,
  'i',
);

/** Whether the words of a statement may reset what the session started with. */
export const mayReset = (text: string): boolean => resetPattern.test(text);

const deallocates = /\bdeallocate\b/i;
const all = /\ball\b/i;
/** Two separate searches: in a text with one word a hundred thousand times, the other is looked for only once. */
const mayDeallocateAll = (text: string): boolean => deallocates.test(text) && all.test(text);

/**
 * Whether a statement concerns what only the proxy knows: its own settings, the session's start-up settings, or all prepared names at once.
 */
export function concernsProxy(text: string): boolean {
  return text.includes(settingPrefix) || mayReset(text) || mayDeallocateAll(text) || hasNestedComments(text);
}
