import { isCodedError } from '@medrex/coded-error';
import { CommanderError } from 'commander';
import { program } from './program.ts';

/** Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted. */
async function main(): Promise<void> {
  try {
    await program().parseAsync(process.argv);
  } catch (error) {
    process.exitCode = codeOf(error);
  }
}

function codeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Error && error.name === 'AbortError') {
    console.error('Interrupted: everything that this command started is stopped again.');
    return 130;
  }
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  if (isCodedError(error)) console.error(error.remedy);
  return isCodedError(error, 'STACK_USAGE') ? 2 : 1;
}

await main();
