import type { WireFault } from '@medrex/pg-wire';

/** Files of a process that are no connections of a pooler: those of Node, logs, listeners. */
const others = 32;
/** Of the rest this is left to who is about to log in, and to backends that are not open yet. */
const leftShare = 0.1;

/** How many files this process may have open, connections among them. Infinity where there is no limit, or the system does not say. */
export function openFilesMax(): number {
  const report: typeof process.report & { excludeNetwork?: boolean } = process.report;
  const { excludeNetwork } = report;
  // It would ask for the name of each peer.
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  report.excludeNetwork = excludeNetwork ?? false;
  const max = Number(userLimits?.open_files?.soft);
  return max > 0 ? max : Infinity;
}

/** Clients and backends that there can be at once, so that the next backend can still be opened. */
export const connectionsMax = (filesMax: number): number =>
  Math.max(1, Math.floor((filesMax - others) * (1 - leftShare)));

/** Without it the next one would be cut off without a word, and no client could have a backend. */
export function outOfFiles(filesMax: number, connections: number): WireFault | undefined {
  if (connections < connectionsMax(filesMax)) return undefined;
  return {
    sqlstate: '53300',
    message: `sorry, too many clients already: pg-proxy may have ${filesMax} files open`,
  };
}
