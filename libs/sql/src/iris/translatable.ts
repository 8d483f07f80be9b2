import type { KnownValues } from './known-values.ts';
import type { PgType } from './pg-type.ts';
import { defaultPath, type SearchPath } from './search-path.ts';

/** A statement, and all that its translation depends on beside the tables. */
export interface Translatable {
  readonly text: string;
  /** Of `$1`, `$2` ..., where the client told them. */
  readonly types: readonly (PgType | undefined)[];
  readonly path: SearchPath;
  /** Of the parameters that a translation named as its `constants`. */
  readonly values?: KnownValues | undefined;
}

/** What two of them share that are translated alike. */
export function keyOf({ text, types, path, values }: Translatable): string {
  const places = path === defaultPath ? '' : `\0${path.join('\0')}`;
  const constants = values === undefined ? '' : `\0${JSON.stringify([...values])}`;
  return types.length === 0 ? text + places + constants : `${text}\0${types.join()}${places}${constants}`;
}
