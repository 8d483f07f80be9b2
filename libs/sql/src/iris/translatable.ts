import type { KnownValues } from './known-values.ts';
import type { PgType } from './pg-type.ts';
import { defaultPath, type SearchPath } from './search-path.ts';

/** A statement, and everything that its translation depends on, except for the tables. */
export interface Translatable {
  readonly text: string;
  /** Types of `$1`, `$2` and so on declared by the client. */
  readonly types: readonly (PgType | undefined)[];
  readonly path: SearchPath;
  /** Values of the parameters that a translation named in `constants`. */
  readonly values?: KnownValues | undefined;
}

/** A cache key. */
export function keyOf({ text, types, path, values }: Translatable): string {
  const places = path === defaultPath ? '' : `\0${path.join('\0')}`;
  const constants = values === undefined ? '' : `\0${JSON.stringify([...values])}`;
  return types.length === 0 ? text + places + constants : `${text}\0${types.join()}${places}${constants}`;
}
