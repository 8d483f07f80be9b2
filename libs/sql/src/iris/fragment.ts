/**
 * Printed SQL holds marks where values of the user go, because text is put together out of order and parameters are counted in
 * the order of the finished text. A mark cannot be in a name: names with control characters are refused.
 */
const open = '\u0001';
const close = '\u0002';
const marks = /\u0001([plndiosvmtbkc])(\d+)\u0002/g;

/** How the driver sends a parameter. */
export type ParameterUse =
  /** As it is. */
  | 'value'
  /** An array as $LIST, for %INLIST; an array with a NULL in it is to be refused. */
  | 'list'
  /** The same of numbers, or of booleans as 1 and 0, in the one notation that IRIS keeps; of dates as it counts days. */
  | 'numbers'
  | 'days'
  /** `[1,2,3]` without its brackets, for TO_VECTOR. */
  | 'vector'
  /** Of an interval its months, or the microseconds of its days and time. */
  | 'months'
  | 'time'
  /** Text with a blank before it, where its order counts: none is ordered as a number then. */
  | 'behindBlank'
  /** No parameter of the client: the first column of the rows that have been kept, as $LIST, or one column of the row at hand. */
  | 'keptRows'
  | 'column';

export interface IrisParameter {
  /** The n of `$n`; of a column its place, from 1 on. */
  readonly parameter: number;
  readonly use: ParameterUse;
}

/** SQL text, and between the texts parameters whose integer has to stand in it: TOP and LIMIT take no `?` everywhere. */
export type IrisPiece = string | { readonly inline: number; readonly isOffset: boolean };

export interface IrisText {
  readonly pieces: readonly IrisPiece[];
  /** Of each `?`, in order. */
  readonly parameters: readonly IrisParameter[];
}

/** Collects the literals of one statement and hands out marks for them. */
export class Marks {
  readonly #strings: string[] = [];

  string(text: string): string {
    this.#strings.push(text);
    return `${open}s${this.#strings.length - 1}${close}`;
  }

  /** One below zero is a column of the row at hand. */
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

/** NULL is no limit in PostgreSQL. */
const noLimit = '2147483647';

/** The text to run. @throws RangeError where the value for a place in the text is no count, SyntaxError where it is no number */
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
