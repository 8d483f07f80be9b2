/** What functions of IRIS, its types and its collations are in PostgreSQL. */

export const types: Readonly<Record<string, string>> = {
  BIT: 'integer',
  DOUBLE: 'float8',
  GUID: 'uuid',
  VARBINARY: 'bytea',
};

const units: Readonly<Record<string, string>> = { weekday: 'dow', dayofyear: 'doy' };
const perSecond: Readonly<Record<string, number>> = { second: 1, millisecond: 1_000, microsecond: 1_000_000 };
const bare = (text: string | undefined): string => (text ?? '').replaceAll("'", '');

/** Number of month boundaries between two dates. */
const monthsBetween = (from: string, to: string): string => {
  const months = (moment: string): string =>
    `extract(year from (${moment})::timestamp) * 12 + extract(month from (${moment})::timestamp)`;
  return `((${months(to)}) - (${months(from)}))::int`;
};

export const calls: Readonly<Record<string, ((args: readonly string[]) => string) | undefined>> = {
  TO_CHAR: ([value, pattern]) => `to_char((${value ?? ''})::timestamp, ${pattern ?? ''})`,
  JSON_VALUE: ([value, path]) => jsonAt(value, path, 'scalar'),
  JSON_QUERY: ([value, path]) => jsonAt(value, path, 'container'),
  TO_TIMESTAMP: ([value, pattern]) => `to_timestamp((${value ?? ''})::text, ${pattern ?? ''})::timestamp`,
  GETUTCDATE: () => "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')",
  // ObjectScript functions return the empty string, which is NULL in SQL.
  $PIECE: ([text, by, place]) =>
    `CASE WHEN (${place ?? ''}) > 0 THEN nullif(split_part((${text ?? ''}) COLLATE "C", ${by ?? ''}, (${place ?? ''})::int), '') END`,
  $LENGTH: ([text, by]) => `cardinality(string_to_array((${text ?? ''}) COLLATE "C", ${by ?? ''}))`,
  $TRANSLATE: ([text, from, to]) => `nullif(translate((${text ?? ''}) COLLATE "C", ${from ?? ''}, ${to ?? "''"}), '')`,
  RADIANS: ([value]) => `radians((${value ?? ''})::float8)`,
  DEGREES: ([value]) => `degrees((${value ?? ''})::float8)`,
  PI: () => 'pi()',
  '%EXACT': ([value]) => exact(value ?? ''),
  STRING: (args) => `concat(${args.join(', ')})`,
  CHAR: ([value]) => `chr(${value ?? ''})`,
  SUBSTRING: ([text, ...places]) => `substring(${[text, ...places.map((place) => `(${place})::int`)].join(', ')})`,
  CHAR_LENGTH: ([value]) => `length(${value ?? ''})`,
  LOG: ([value]) => `ln((${value ?? ''})::float8)`,
  POWER: ([base, power]) => `power((${base ?? ''})::float8, ${power ?? ''})`,
  ROUND: ([value, places, cut]) =>
    `${cut === '1' ? 'trunc' : 'round'}((${value ?? ''})::numeric, (${places ?? '0'})::int)`,
  REPLACE: ([text, from, to]) => `replace((${text ?? ''}) COLLATE "C", ${from ?? ''}, ${to ?? ''})`,
  UPPER: ([value]) => `upper((${value ?? ''}) COLLATE "C")`,
  LOWER: ([value]) => `lower((${value ?? ''}) COLLATE "C")`,
  DATEADD: ([unit, count, value]) => `((${value ?? ''})::timestamp + (${count ?? ''}) * interval '1 ${bare(unit)}')`,
  DATEDIFF: ([unit, from, to]) =>
    bare(unit) === 'month'
      ? monthsBetween(from ?? '', to ?? '')
      : bare(unit) === 'day'
        ? `((${to ?? ''})::date - (${from ?? ''})::date)`
        : `trunc(extract(epoch from (${to ?? ''})::timestamp - (${from ?? ''})::timestamp) * ${perSecond[bare(unit)] ?? 0})`,
  DATEPART: ([unit, value]) =>
    `(trunc(extract(${units[bare(unit)] ?? bare(unit)} from ${value ?? ''}))::int${bare(unit) === 'weekday' ? ' + 1' : ''})`,
};

/** JSON_VALUE returns NULL for objects and arrays, JSON_QUERY for scalars. */
function jsonAt(value: string | undefined, path: string | undefined, of: 'scalar' | 'container'): string {
  const steps = [...bare(path).matchAll(/\.(?:"([^"]*)"|([^.[]+))|\[(\d+)\]/g)].map(
    ([, quoted, key, at]) => quoted ?? key ?? at ?? '',
  );
  const list = steps.map((step) => `"${step.replaceAll('"', '\\\\"')}"`).join(',');
  const at = `((${value ?? ''})::json #> '{${list}}')`;
  const isContainer = `json_typeof(${at}) IN ('object', 'array')`;
  const found = of === 'scalar' ? `((${value ?? ''})::json #>> '{${list}}')` : `${at}::text`;
  return `CASE WHEN ${of === 'scalar' ? 'NOT ' : ''}${isContainer} THEN ${found} END`;
}

/** %EXACT affects the comparison of texts only. */
export function exact(value: string): string {
  return `((${value})::text COLLATE "C")`;
}

/** A member of JSON: numbers and texts, where a text of no length is a character 0; moments as they are written elsewhere. */
export function jsonOf(value: string): string {
  const typed = /^'(?:[^']|'')*'$/.test(value) || value === 'NULL' ? `(${value})::text` : value;
  const quoted = `CASE WHEN (${typed})::text = '' THEN '"\\u0000"' ELSE to_json(${typed})::text END`;
  const moment = `CASE WHEN pg_typeof(${typed}) = 'timestamp'::regtype THEN to_json((${typed})::text)::text ELSE ${quoted} END`;
  return `coalesce(${moment}, 'null')`;
}

/** The EXACT collation orders canonical numbers by value before all other texts. Large numbers are not handled. */
export function inOrder(value: string): string {
  const text = `(${value})::text`;
  const isNumber = `${text} ~ '^(0|-?([1-9][0-9]*|(0|[1-9][0-9]*)?\\.[0-9]*[1-9]))$' AND ${text} !~ '^-?0[.]'`;
  const number = `to_char((CASE WHEN ${isNumber} THEN ${text} END)::numeric + 1e20, 'FM000000000000000000000.000000000')`;
  return `(CASE WHEN ${isNumber} THEN 'N' || ${number} ELSE 'S' || ${text} END COLLATE "C")`;
}

/** MIN or MAX; numbers compare by value. */
export function extreme(value: string, isMax: boolean): string {
  const isType = `pg_typeof(${value})::text = ANY ('{smallint,integer,bigint,numeric,real,double precision}')`;
  const isNumber = `(${value})::text ~ '^-?[0-9]+([.][0-9]+)?(e[-+]?[0-9]+)?$' AND ${isType}`;
  const number = `CASE WHEN ${isNumber} THEN (${value})::text::numeric END`;
  const order = [number, inOrder(value)].map((key) => `${key}${isMax ? ' DESC' : ''}`).join(', ');
  return `(array_agg(${value} ORDER BY ${order}) FILTER (WHERE ${value} IS NOT NULL))[1]`;
}

/** Converts an ObjectScript pattern (repeat counts and pattern codes) to a regular expression. */
export function asRegex(pattern: string): string {
  let regex = '';
  for (let at = 0; at < pattern.length;) {
    const [all, low = '', point = '', high = ''] = /^(\d*)(\.?)(\d*)/.exec(pattern.slice(at)) ?? [''];
    at += all.length;
    const times = point === '' ? `{${low}}` : `{${low === '' ? '0' : low},${high}}`;
    const quoted = /^"([^"]*)"/.exec(pattern.slice(at));
    if (pattern[at] === 'N' || pattern[at] === 'E') at++;
    else if (quoted !== null) at += quoted[0].length;
    else if (pattern[at] !== '(') throw new Error(`IRIS SQL: ${pattern} is no pattern`);
    if (quoted !== null) regex += `(${(quoted[1] ?? '').replaceAll(/[.*+?()[\]{}\\|^$]/g, '\\$&')})${times}`;
    else if (pattern[at - 1] === 'N') regex += `[0-9]${times}`;
    else if (pattern[at - 1] === 'E') regex += `.${times}`;
    else {
      const [branches, end] = alternatives(pattern, at + 1);
      regex += `(${branches.map(asRegex).join('|')})${times}`;
      at = end + 1;
    }
  }
  return regex;
}

/** The alternatives of a group, split at commas, and the end of the group. */
function alternatives(pattern: string, from: number): readonly [branches: readonly string[], end: number] {
  const branches = [''];
  let depth = 0;
  for (let at = from; at < pattern.length; at++) {
    const part = /^"[^"]*"/.exec(pattern.slice(at))?.[0] ?? pattern.charAt(at);
    if (part === ')' && depth === 0) return [branches, at];
    if (part === '(') depth++;
    if (part === ')') depth--;
    if (part === ',' && depth === 0) branches.push('');
    else branches.push(`${branches.pop() ?? ''}${part}`);
    at += part.length - 1;
  }
  throw new Error(`IRIS SQL: ${pattern} is no pattern`);
}

/** The current versions of rows by their former ctid. */
export const sameRows = (id: string, list: string): string =>
  `ARRAY(SELECT currtid2(${id.replace(/ctid$/, 'tableoid')}::regclass::text, each) FROM unnest(${list}::tid[]) AS each)`;

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
