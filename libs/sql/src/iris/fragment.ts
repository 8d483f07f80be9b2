/**
 * Printed SQL has marks in place of values, as text is assembled out of order while parameters are numbered in the order of the final text.
 * Names cannot contain marks, as names with control characters are refused.
 */
const open = '\u0001';
const close = '\u0002';
const marks = /\u0001([plndiosvmtbkc])(\d+)\u0002/g;

/** How to bind a parameter. */
export type ParameterUse =
  /** Unchanged. */
  | 'value'
  /** An array as $LIST, for %INLIST; it must not contain NULL. */
  | 'list'
  /** A $LIST of numbers in canonical notation, booleans as 1 and 0, or dates as day numbers. */
  | 'numbers'
  | 'days'
  /** `[1,2,3]` without its brackets, for TO_VECTOR. */
  | 'vector'
  /** The months of an interval, or the microseconds of its days and time. */
  | 'months'
  | 'time'
  /** Text prefixed by a space, so that it is not ordered as a number. */
  | 'behindBlank'
  /** Not a client's parameter: the first column of the kept rows as $LIST, or a column of the current kept row. */
  | 'keptRows'
  | 'column';

export interface IrisParameter {
  /** The n of `$n`; for a kept row, the number of the column from 1. */
  readonly parameter: number;
  readonly use: ParameterUse;
}

/** A piece of SQL text, or a parameter whose integer is inlined, as TOP and LIMIT do not accept `?` everywhere. */
export type IrisPiece = string | { readonly inline: number; readonly isOffset: boolean };

export interface IrisText {
  readonly pieces: readonly IrisPiece[];
  /** The parameters of each `?`, in order. */
  readonly parameters: readonly IrisParameter[];
}

/** Collects the values of a statement, and returns marks for them. */
export class Marks {
  readonly #strings: string[] = [];

  string(text: string): string {
    this.#strings.push(text);
    return `${open}s${this.#strings.length - 1}${close}`;
  }

  /** A negative number is a column of the current kept row. */
  parameter(number: number, use: ParameterUse = 'value'): string {
    if (number < 0) return `${open}c${-number}${close}`;
    return `${open}${use === 'value' ? 'p' : use.charAt(0)}${number}${close}`;
  }

  keptRows(): string {
    return `${open}k0${close}`;
  }

  inline(number: number, isOffset: boolean): string {
    return `${open}${isOffset ? 'o' : 'i'}${number}${close}`;
  }

  assemble(printed: string): IrisText {
    const pieces: IrisPiece[] = [];
    const parameters: IrisParameter[] = [];
    let text = '';
    let from = 0;
    for (const match of printed.matchAll(marks)) {
      text += printed.slice(from, match.index);
      from = match.index + match[0].length;
      const number = Number(match[2]);
      if (match[1] === 's') text += quoted(this.#strings[number] ?? '');
      else if (match[1] === 'i' || match[1] === 'o') {
        pieces.push(text, { inline: number, isOffset: match[1] === 'o' });
        text = '';
      } else {
        text += '?';
        parameters.push({ parameter: number, use: uses[match[1] as keyof typeof uses] });
      }
    }
    pieces.push(text + printed.slice(from));
    return { pieces, parameters };
  }
}

const uses = {
  p: 'value',
  l: 'list',
  n: 'numbers',
  d: 'days',
  v: 'vector',
  m: 'months',
  t: 'time',
  b: 'behindBlank',
  k: 'keptRows',
  c: 'column',
} as const;

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** LIMIT NULL means no limit in PostgreSQL. */
const noLimit = '2147483647';

/** The final text. @throws RangeError an inlined value is not a count, SyntaxError it is not a number */
export function irisSql(
  { pieces }: IrisText,
  bound: (parameter: number) => string | undefined = () => undefined,
): string {
  return pieces
    .map((piece) => (typeof piece === 'string' ? piece : count(bound(piece.inline), piece.isOffset)))
    .join('');
}

function count(value: string | undefined, isOffset: boolean): string {
  if (value === undefined) return isOffset ? '0' : noLimit;
  if (!/^\s*[-+]?\d+\s*$/.test(value)) throw new SyntaxError('invalid input syntax for type bigint: a LIMIT or OFFSET');
  if (!/^\d{1,10}$/.test(value)) throw new RangeError('LIMIT and OFFSET take a count that is not negative');
  return value;
}
