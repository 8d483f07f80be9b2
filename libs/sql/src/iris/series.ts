import type { FuncCall, Node, RangeFunction, SelectStmt } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { intervalValue } from './interval-text.ts';
import { typeUse } from './pg-type.ts';
import { refuse } from './refusal.ts';

const rowsMax = 1_000;

/** generate_series of constants, written out: a query of one column, and what that is called. */
export interface Series {
  readonly select: SelectStmt;
  readonly alias: string;
  readonly column: string;
}

/** @throws Refusal for any other function in FROM */
export function seriesOf({ functions = [], alias, ordinality, is_rowsfrom }: RangeFunction): Series {
  const call = bodyOf(bodyOf(functions[0], 'List')?.items?.[0], 'FuncCall');
  const name = namesOf(call?.funcname).at(-1);
  if (call === undefined || name !== 'generate_series' || ordinality === true || is_rowsfrom === true)
    return refuse('a function in FROM', call?.location);
  const values = valuesOf(call);
  const [first] = values;
  const none: SelectStmt = { targetList: [{ ResTarget: { val: number(0) } }], whereClause: never };
  const select = first === undefined ? none : { valuesLists: values.map((value) => ({ List: { items: [value] } })) };
  const own = alias?.aliasname ?? name;
  return { select, alias: own, column: namesOf(alias?.colnames)[0] ?? own };
}

const never: Node = { A_Const: { boolval: { boolval: false } } };
const number = (ival: number): Node => ({ A_Const: { ival: { ival } } });

function valuesOf({ args = [], location }: FuncCall): readonly Node[] {
  const integers = args.map((arg) => bodyOf(arg, 'A_Const')?.ival);
  if (args.length >= 2 && !integers.includes(undefined)) {
    const [from = 0, to = 0, step = 1] = integers.map((each) => each?.ival ?? 0);
    return counted(from, to, step, (at) => at + step, location).map(number);
  }
  const [from, to, step] = args;
  const start = momentOf(from);
  const end = momentOf(to, start?.type);
  const stride = bodyOf(step, 'TypeCast');
  const isStride = stride === undefined || typeUse(stride.typeName)?.type === 'interval';
  const text = bodyOf(stride === undefined ? step : stride.arg, 'A_Const')?.sval?.sval ?? '';
  const { months, days, micros } = (isStride && intervalValue(text)) || noStride;
  const milliseconds = days * 86_400_000 + micros / 1_000;
  if (start === undefined || end?.type !== start.type || !Number.isInteger(milliseconds) || months * milliseconds < 0)
    return refuse('generate_series of what is no constant', location, 'Integers, and dates by an interval, are.');
  const next = (at: number): number => moved(at, months) + milliseconds;
  return counted(start.at, end.at, months + milliseconds, next, location).map((at): Node => {
    const text = new Date(at).toISOString().slice(0, 19).replace('T', ' ');
    return {
      TypeCast: {
        arg: { A_Const: { sval: { sval: text }, location: location ?? -1 } },
        typeName: { names: [{ String: { sval: start.type } }], location: location ?? -1 },
      },
    };
  });
}

const noStride = { months: 0, days: 0, micros: Number.NaN };

/** Each value comes of the one before it, as PostgreSQL adds intervals: a day that a month has not is its last. */
function counted(from: number, to: number, step: number, next: (at: number) => number, location?: number): number[] {
  if (step === 0) return refuse('generate_series by 0', location);
  const values: number[] = [];
  for (let at = from; step > 0 ? at <= to : at >= to; at = next(at)) {
    if (values.length === rowsMax) return refuse(`generate_series of more than ${rowsMax} rows`, location);
    values.push(at);
  }
  return values;
}

function moved(at: number, months: number): number {
  if (months === 0) return at;
  const date = new Date(at);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, last));
  return date.getTime();
}

interface Moment {
  readonly at: number;
  readonly type: string;
}

/** Days become moments with a zone there. */
function momentOf(node: Node | undefined, other?: string): Moment | undefined {
  const cast = bodyOf(node, 'TypeCast');
  const type = cast === undefined ? other : typeUse(cast.typeName)?.type;
  const text = bodyOf(cast === undefined ? node : cast.arg, 'A_Const')?.sval?.sval ?? '';
  const isWhole = /^\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?$/.test(text);
  const at = Date.parse(`${text.length === 10 ? `${text} 00:00` : text}Z`.replace(' ', 'T'));
  if (!isWhole || Number.isNaN(at)) return undefined;
  if (type === 'date') return text.length === 10 ? { at, type: 'timestamptz' } : undefined;
  return type === 'timestamp' || type === 'timestamptz' ? { at, type } : undefined;
}
