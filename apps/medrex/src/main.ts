import { CommanderError } from 'commander';
import { program } from './program.ts';
import { UsageError } from './terminal/usage-error.ts';

/** Exit codes: 0 as asked, 1 something did not end well, 2 the call was wrong. */
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

// Output may still be on its way to a pipe, so the process ends by itself; what is left open then is a defect that this makes visible.
process.exitCode = await main();
