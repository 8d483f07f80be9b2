/** Reads a boolean as PostgreSQL does; undefined if the text is none. */
export function booleanOf(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (/^(?:t|tr|tru|true|y|ye|yes|on|1)$/.test(word)) return true;
  return /^(?:f|fa|fal|fals|false|n|no|off|of|0)$/.test(word) ? false : undefined;
}
