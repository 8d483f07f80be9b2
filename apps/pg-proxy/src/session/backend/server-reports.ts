/** What a server reports (ParameterStatus) of a session in which nobody has set anything, by name. Equal ones are one object. */
export type ServerReports = ReadonlyMap<string, string>;

const rememberedMax = 1_000;
const remembered = new Map<string, ServerReports>();

/** They go with the role that a session has, and are never others in one that has the role of its login. */
export const reportsOfRole: ReadonlySet<string> = new Set(['is_superuser', 'session_authorization']);

export function serverReports(parameters: ReadonlyMap<string, string>): ServerReports {
  const key = JSON.stringify([...parameters]);
  const known = remembered.get(key);
  if (known !== undefined) return known;
  if (remembered.size >= rememberedMax) remembered.clear();
  const reports = new Map(parameters);
  remembered.set(key, reports);
  return reports;
}

/**
 * What holds where nobody has set anything, by what is reported now.
 *
 * @param before what was known of it; that stays for what is set
 * @param isSet whether that setting, by its name in lower case, is what somebody has set it to
 */
export function reportsWithout(
  before: ServerReports,
  parameters: ReadonlyMap<string, string>,
  isSet: (setting: string) => boolean,
): ServerReports {
  const reports = [...before].map(([name, value]) => {
    const isKept = reportsOfRole.has(name) || isSet(name.toLowerCase());
    return [name, isKept ? value : (parameters.get(name) ?? value)] as const;
  });
  return serverReports(new Map(reports));
}
