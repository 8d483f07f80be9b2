import type { WireFault } from '@medrex/pg-wire';

/** Open files of the process that are not connections: Node's own, logs, listeners. */
const otherFiles = 32;
/** The share of the rest that is left to logins in progress and to backends that are not open yet. */
const spareShare = 0.1;

/** How many files this process may have open, connections included. Infinity: there is no limit, or it is unknown. */
export function openFilesMax(): number {
  const report: typeof process.report & { excludeNetwork?: boolean } = process.report;
  const { excludeNetwork } = report;
  // The report would otherwise resolve the name of each peer.
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  report.excludeNetwork = excludeNetwork ?? false;
  const max = Number(userLimits?.open_files?.soft);
  return max > 0 ? max : Infinity;
}

/** How many clients and backends there can be at once so that another backend can still be opened. */
export const connectionsMax = (filesMax: number): number =>
  Math.max(1, Math.floor((filesMax - otherFiles) * (1 - spareShare)));

/** Without this refusal the next client would be cut off without a word, and no client could get a backend. */
export function outOfFiles(filesMax: number, connections: number): WireFault | undefined {
  if (connections < connectionsMax(filesMax)) return undefined;
  return {
    sqlstate: '53300',
    message: `sorry, too many clients already: pg-proxy may open only ${filesMax} files`,
  };
}
