/**
 * The parameters (ParameterStatus) that a server reports for a session in which nobody has changed anything, by name. Equal reports are the
 * same object.
 */
export type ServerReports = ReadonlyMap<string, string>;

const rememberedMax = 1_000;
const remembered = new Map<string, ServerReports>();

/** These depend on the session's role, and only change with it. */
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
 * The values for unchanged settings, given the current reports.
 *
 * @param before what was known; kept for settings that are set
 * @param isSet whether a setting, by its name in lower case, has been set by somebody
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
