import { isAuthorId } from '@medrex/execute-batch';
import { UsageError } from '../terminal/usage-error.ts';

/** @throws UsageError for what is no id of an author */
export function checkedAuthorId(text: string): string {
  const given: unknown = text;
  if (isAuthorId(given)) return given;
  const hint = 'It has 1 to 64 letters, digits, dots, hyphens and underscores, and is a pseudonym: it stands in clear.';
  throw new UsageError(`"${text}" is no id of an author`, hint);
}
