import { CommanderError } from 'commander';
import { program } from './program.ts';
import { UsageError } from './terminal/usage-error.ts';

/** Exit codes: 0 success, 1 failure, 2 wrong usage. */
async function main(): Promise<number> {
  let code = 0;
  try {
    await program((ended) => (code = ended)).parseAsync(process.argv);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError) {
      console.error(error.hint === undefined ? `error: ${error.message}` : `error: ${error.message}\n${error.hint}`);
      return 2;
    }
    const remedy =
      error instanceof Error && 'remedy' in error && typeof error.remedy === 'string' ? `\n${error.remedy}` : '';
    console.error(`error: ${error instanceof Error ? error.message : String(error)}${remedy}`);
    return 1;
  }
}

// No process.exit(), which could cut off output to a pipe. A handle left open keeps the process alive, which is a bug to notice.
process.exitCode = await main();
