interface RefusalOptions {
  readonly sqlstate?: string;
  readonly hint?: string;
  readonly location?: number | undefined;
  readonly isPlaceless?: boolean;
}

/** Thrown to end a translation. Internal to this folder: callers get a fault as PostgreSQL would report it. */
export class Refusal extends Error {
  readonly sqlstate: string;
  readonly hint: string | undefined;
  /** Byte offset in UTF-8, as in the parse tree; undefined or negative if unknown. */
  readonly location: number | undefined;
  /** PostgreSQL reports no position either, as it detects the error later than parsing. */
  readonly isPlaceless: boolean;

  constructor(what: string, options: RefusalOptions = {}) {
    super(what);
    this.isPlaceless = options.isPlaceless ?? false;
    this.sqlstate = options.sqlstate ?? '0A000';
    this.hint = options.hint;
    this.location = options.location;
  }
}

const otherwise = 'Rewrite it, or put /*iris*/ in front of SQL that IRIS should get unchanged.';

export function refuse(what: string, location?: number, hint = otherwise): never {
  throw new Refusal(`${what} cannot be translated to IRIS SQL`, { location, hint });
}

/** The smallest location within a part of a statement. */
export function placeOf(part: unknown): number | undefined {
  let first: number | undefined;
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, each] of Object.entries(value)) {
      if (name !== 'location') look(each);
      else if (typeof each === 'number' && each >= 0) first = Math.min(first ?? each, each);
    }
  };
  look(part);
  return first;
}

/** The position of a byte offset in code points, from 1. */
export function positionOf(utf8: Uint8Array, byte: number): number {
  let characters = 0;
  for (const each of utf8.subarray(0, byte)) if ((each & 0xc0) !== 0x80) characters++;
  return characters + 1;
}
