interface RefusalOptions {
  readonly sqlstate?: string;
  readonly hint?: string;
  readonly location?: number | undefined;
  readonly isPlaceless?: boolean;
}

/** Ends a translation. It never leaves this folder: the caller gets a fault, as PostgreSQL would report it. */
export class Refusal extends Error {
  readonly sqlstate: string;
  readonly hint: string | undefined;
  /** In bytes of UTF-8, as the grammar counts; undefined or negative where the node has no place. */
  readonly location: number | undefined;
  /** PostgreSQL tells no place either: it finds this out when it runs the statement, or when it knows all names. */
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

/** Where a part of a statement begins: the first place that anything in it has. */
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

/** Code points up to a byte of the text, from 1. */
export function positionOf(utf8: Uint8Array, byte: number): number {
  let characters = 0;
  for (const each of utf8.subarray(0, byte)) if ((each & 0xc0) !== 0x80) characters++;
  return characters + 1;
}
