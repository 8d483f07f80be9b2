const set =
  /^set\s+(?:session\s+)?(?:(role)\s+|time\s+(zone)\s+|("?)([a-z_][a-z0-9_.]*)\3\s*(?:=|\bto\b)\s*)('(?:[^']|'')*'|[\w.+-]+(?:\s*,\s*[\w.+-]+)*)$/i;
/** Selects a constant, to test whether the server is there. */
const constantSelect = /^select\s+(?:\d+|'(?:[^']|'')*'|null|true|false)$/i;
/** A statement, up to its semicolon. */
const statement = /(?:[^;']|'(?:[^']|'')*')+/g;

/**
 * What `connect_query` sets, as start-up settings of the session: RESET returns to them, which it does not do with PgBouncer. Undefined:
 * the query does something else, too.
 */
export function readConnectQuery(text: string): Readonly<Record<string, string>> | undefined {
  const settings: Record<string, string> = {};
  for (const one of (text.match(statement) ?? []).map((part) => part.trim()).filter((part) => part !== '')) {
    if (constantSelect.test(one)) continue;
    const [, role, zone, , name, value] = set.exec(one) ?? [];
    if (value === undefined || /^default$/i.test(value) || name?.toLowerCase() === 'names') return undefined;
    const key = role === undefined ? (zone === undefined ? name : 'timezone') : 'role';
    settings[(key ?? '').toLowerCase()] = value.startsWith("'") ? value.slice(1, -1).replaceAll("''", "'") : value;
  }
  return settings;
}
