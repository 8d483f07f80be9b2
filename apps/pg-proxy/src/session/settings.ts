/** What a client wants set in its session, from its startup packet: names in lower case. */
export type Settings = ReadonlyMap<string, string>;

/** Parameters of a startup packet that are no settings. */
const notSettings = new Set(['user', 'database', 'options', 'replication']);

/** The settings of a startup packet, with those in `options` (`-c name=value`, `--name=value`). Undefined: not understood. */
export function settingsOf(parameters: ReadonlyMap<string, string>): Map<string, string> | undefined {
  const settings = new Map<string, string>();
  const options = optionsOf(parameters.get('options') ?? '');
  if (options === undefined) return undefined;
  for (const [name, value] of options) settings.set(name.toLowerCase(), value);
  for (const [name, value] of parameters) {
    const isSetting = !notSettings.has(name) && !name.startsWith('_pq_.');
    if (isSetting) settings.set(name.toLowerCase(), value);
  }
  return settings;
}

function optionsOf(text: string): [string, string][] | undefined {
  const words = [...text.matchAll(/(?:\\.|[^\s\\])+/gs)].map(([word]) => word.replaceAll(/\\(.)/gs, '$1'));
  const found: [string, string][] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    const given = word === '-c' ? words[++index] : /^(?:-c|--)(.+)$/s.exec(word)?.[1];
    const [, name, value] = /^([A-Za-z_][\w.-]*)=(.*)$/s.exec(given ?? '') ?? [];
    if (name === undefined || value === undefined) return undefined;
    found.push([name.replaceAll('-', '_'), value]);
  }
  return found;
}

/** Equal for equal settings. */
export function settingsKey(settings: Settings): string {
  return JSON.stringify([...settings].sort(([one], [other]) => (one < other ? -1 : 1)));
}

const identifier = (name: string): string =>
  name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
/** With E'' it means the same whatever standard_conforming_strings is. */
export const literal = (value: string): string => `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

/** The statements that take a session from some settings to others, as one query; undefined when there is nothing to do. */
export function changeOf(from: Settings, to: Settings): string | undefined {
  const statements: string[] = [];
  for (const name of from.keys()) if (!to.has(name)) statements.push(`RESET ${identifier(name)}`);
  for (const [name, value] of to) if (from.get(name) !== value) statements.push(setTo(name, value));
  return statements.length === 0 ? undefined : statements.join(';');
}

/** The same from settings that nobody knows for certain. */
export function changeFromUnknown(to: Settings): string {
  return ['RESET ALL', ...[...to].map(([name, value]) => setTo(name, value))].join(';');
}

/** Not SET: this takes a value as a startup packet has it, lists too. */
function setTo(name: string, value: string): string {
  return `SELECT pg_catalog.set_config(${literal(name)},${literal(value)},false)`;
}
