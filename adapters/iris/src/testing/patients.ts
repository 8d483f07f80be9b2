import { bind, execute, parse } from '@medrex/pg-wire';
import type { Script } from './scripted-driver.ts';

/** Rows of the session rig's table: id and name. */
export const patients: Script = [
  ['1', 'Ann'],
  ['2', null],
  ['3', 'Bob'],
];

export const parsed = (text: string, name = '', parameterTypes: number[] = []): Buffer =>
  parse({ name, text, parameterTypes });

export const bound = (
  statement: string,
  values: readonly (string | null)[],
  portal = '',
  resultFormats: number[] = [],
): Buffer =>
  bind({
    portal,
    statement,
    parameterFormats: [],
    resultFormats,
    parameters: values.map((value) => (value === null ? null : Buffer.from(value))),
  });

export const executed = (rowsMax = 0, portal = ''): Buffer => execute({ portal, rowsMax });
