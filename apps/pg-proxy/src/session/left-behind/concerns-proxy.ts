import { settingPrefix } from '../../config/session-settings.ts';
import { gap, nestsComments, start } from './leaves-state.ts';

const wordsBack = new RegExp(String.raw`${start}(?:reset|discard|set${gap}[^;]*\b(?:default|zone${gap}+local))\b`, 'i');

/** Whether a statement may take back, by its words, what the session began with. */
export const mayGoBack = (text: string): boolean => wordsBack.test(text);

const deallocates = /\bdeallocate\b/i;
const all = /\ball\b/i;
/** One after the other: where one word is there a hundred thousand times, the other is looked for once. */
const mayDeallocateAll = (text: string): boolean => deallocates.test(text) && all.test(text);

/** Whether a statement concerns what only the proxy knows: its own settings, what the session began with, or what all of its names stand for. */
export function concernsProxy(text: string): boolean {
  return text.includes(settingPrefix) || mayGoBack(text) || mayDeallocateAll(text) || nestsComments(text);
}
