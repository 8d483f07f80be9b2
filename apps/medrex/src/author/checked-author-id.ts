import { isAuthorId } from '@medrex/execute-batch';
import { UsageError } from '../terminal/usage-error.ts';

/** Checks an author id. @throws UsageError if it is invalid */
export function checkedAuthorId(text: string): string {
  const given: unknown = text;
  if (isAuthorId(given)) return given;
  const hint =
    'It must have 1 to 64 letters, digits, dots, hyphens and underscores. Use a pseudonym, as it is stored in plain text.';
  throw new UsageError(`"${text}" is not a valid author id`, hint);
}
