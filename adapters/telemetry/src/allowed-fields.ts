import { listMax, phiAllowList, textShapes, type FieldName, type FieldShape } from './phi-allow-list.ts';

type Text = {
  readonly [Name in FieldName]: (typeof phiAllowList)[Name] extends keyof typeof textShapes ? Name : never;
}[FieldName];
type Numbers = { readonly [Name in FieldName]: (typeof phiAllowList)[Name] extends 'number' ? Name : never }[FieldName];
type Facts = { readonly [Name in FieldName]: (typeof phiAllowList)[Name] extends 'boolean' ? Name : never }[FieldName];
type Tallies = {
  readonly [Name in FieldName]: (typeof phiAllowList)[Name] extends 'numbers' ? Name : never;
}[FieldName];

/** Fields of the allow-list. The types guide typed code, and the check at run time stops everything else. */
export type Fields = { readonly [Name in Text]?: string | readonly string[] | undefined } & {
  readonly [Name in Numbers]?: number | undefined;
} & { readonly [Name in Facts]?: boolean | undefined } & {
  readonly [Name in Tallies]?: Readonly<Record<string, number>> | undefined;
};

/** Why a field was dropped: its name is not listed, or its value does not have the declared shape. */
export type DropReason = 'undeclared' | 'unfit';

export type AllowedValue = string | number | boolean | readonly string[] | Readonly<Record<string, number>>;

const shapes: ReadonlyMap<string, FieldShape> = new Map(Object.entries(phiAllowList));

/** Copies the allowed fields and reports the others to `onDrop` by count only, as names of fields can be data too. */
export function allowedFields(fields: object, onDrop: (reason: DropReason) => void): Record<string, AllowedValue> {
  const allowed: Record<string, AllowedValue> = {};
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    if (value === undefined) continue;
    const shape = shapes.get(name);
    const fitting = shape === undefined ? undefined : fit(shape, value);
    if (fitting === undefined) onDrop(shape === undefined ? 'undeclared' : 'unfit');
    else allowed[name] = fitting;
  }
  return allowed;
}

function fit(shape: FieldShape, value: unknown): AllowedValue | undefined {
  switch (shape) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'numbers':
      return tally(value);
    default:
      return Array.isArray(value) ? list(textShapes[shape], value) : text(textShapes[shape], value);
  }
}

function text(pattern: RegExp, value: unknown): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}

/** One value that does not fit drops the whole list, which is then not to be trusted. */
function list(pattern: RegExp, values: readonly unknown[]): readonly string[] | undefined {
  const fitting = values.slice(0, listMax).flatMap((value) => text(pattern, value) ?? []);
  return fitting.length === Math.min(values.length, listMax) ? fitting : undefined;
}

/** Numbers by words or codes of ours, e.g. operations by class. */
function tally(value: unknown): Readonly<Record<string, number>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value) as [string, unknown][];
  const isFitting = entries.every(
    ([name, count]) => (textShapes.word.test(name) || textShapes.code.test(name)) && fit('number', count) !== undefined,
  );
  return isFitting && entries.length <= listMax ? (Object.fromEntries(entries) as Record<string, number>) : undefined;
}
