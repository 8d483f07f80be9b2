import { writeFileSync } from 'node:fs';

/** Keeps this process's memory out of core dumps and its environment out of diagnostic reports: both contain secrets. */
export function keepOutOfDumps(): void {
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch {
    // Only Linux has it; elsewhere whoever starts the process allows no core dumps (ulimit -c 0).
  }
  process.report.excludeEnv = true;
}
