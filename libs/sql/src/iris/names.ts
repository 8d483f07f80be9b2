import { refuse } from './refusal.ts';

/** A one-to-one map between schemas of PostgreSQL and IRIS. */
export interface SchemaMap {
  toIris(schema: string): string;
  toPostgres(schema: string): string;
}

export function schemaMap(pairs: Readonly<Record<string, string>> = { public: 'SQLUser' }): SchemaMap {
  const forward = new Map(Object.entries(pairs));
  const back = new Map(Object.entries(pairs).map(([postgres, iris]) => [iris.toLowerCase(), postgres]));
  return {
    toIris: (schema) => forward.get(schema) ?? schema,
    toPostgres: (schema) => back.get(schema.toLowerCase()) ?? schema,
  };
}

/** Prints a name, delimited if needed. IRIS ignores case even in delimited names. */
export function identifier(name: string, location?: number): string {
  if (/^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name)) return name;
  if (/[\u0000-\u001f]/.test(name)) return refuse('a name with control characters', location);
  return `"${name.replaceAll('"', '""')}"`;
}

/** Prints a schema name; those of IRIS have capitals, which clients of PostgreSQL do not quote. */
export function schemaIdentifier(name: string, location?: number): string {
  return /^[A-Za-z][A-Za-z0-9_]*$/.test(name) && !reserved.has(name.toLowerCase()) ? name : identifier(name, location);
}

/** Reserved words of IRIS. */
const reserved: ReadonlySet<string> = new Set(
  `absolute add all allocate alter and any are as asc assertion at authorization avg begin between bit bit_length both by
  cascade case cast char character character_length char_length check close coalesce collate commit connect connection
  constraint constraints continue convert corresponding count create cross current current_date current_time
  current_timestamp current_user cursor date deallocate dec decimal declare default deferrable deferred delete desc describe
  descriptor diagnostics disconnect distinct domain double drop else end endexec escape except exception exec execute exists
  external extract false fetch first float for foreign found from full get global go goto grant group having hour identity
  immediate in indicator initially inner input insensitive insert int integer intersect interval into is isolation join
  language last leading left level like limit local lower match max min minute module names national natural nchar next no
  not null nullif numeric octet_length of on only open option or order outer output overlaps pad partial prepare preserve
  primary prior privileges procedure public read real references relative restrict revoke right role rollback rows schema
  scroll second section select session_user set shard smallint some space sqlerror sqlstate statistics substring sum sysdate
  system_user table temporary then time timezone_hour timezone_minute to top trailing transaction trim true union unique
  update upper user using value values varchar varying when whenever where with work write year day month statement
  row_number rank over partition list string json_object json_array`.split(/\s+/),
);
