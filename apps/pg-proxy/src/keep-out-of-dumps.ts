import { writeFileSync } from 'node:fs';

/** No memory of this process goes into a core dump, nor its environment into a diagnostic report: both hold secrets. */
export function keepOutOfDumps(): void {
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch {
    // Only Linux has it; elsewhere whoever starts the process allows no core dumps (ulimit -c 0).
  }
  process.report.excludeEnv = true;
}
