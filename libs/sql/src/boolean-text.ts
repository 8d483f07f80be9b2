/** What a text means as a boolean; undefined where it means none. */
export function booleanOf(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (/^(?:t|tr|tru|true|y|ye|yes|on|1)$/.test(word)) return true;
  return /^(?:f|fa|fal|fals|false|n|no|off|of|0)$/.test(word) ? false : undefined;
}
