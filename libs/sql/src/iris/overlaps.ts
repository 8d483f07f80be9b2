import type { Node } from 'libpg-query';
import { typeOf } from './inference.ts';
import { castTo, operator } from './node-builders.ts';
import { timeTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import { compared, together } from './row-comparison.ts';
import type { Scope } from './scope.ts';
import { untypedText } from './typed-constants.ts';

/**
 * Prints `(start, end) OVERLAPS (start, end)`. The earlier bound of a period is its start; the start is inclusive, and the end exclusive
 * unless both are equal. A NULL bound is unknown.
 */
export function printOverlaps(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const [one, oneEnd, other, otherEnd] = inMoments(p, args, scope);
  if (one === undefined || oneEnd === undefined || other === undefined || otherEnd === undefined)
    return refuse('this OVERLAPS', location);
  const types = new Set([one, oneEnd, other, otherEnd].map((arg) => typeOf(p, arg, scope)));
  const [type] = types;
  if (types.size > 1 || !timeTypes.has(type))
    return refuse(
      'OVERLAPS of these',
      location,
      'Dates and timestamps are translated, and how long one goes on as an interval.',
    );
  checkRepeatable(args, 'OVERLAPS');
  const [start, end] = [startOf(one, oneEnd), endOf(one, oneEnd)];
  const [otherStart, lastEnd] = [startOf(other, otherEnd), endOf(other, otherEnd)];
  const isKnown = (node: Node): Node => compared('=', [node, node]);
  const isBefore = (begin: Node, finish: Node, own: Node): Node =>
    together('OR_EXPR', [compared('<', [begin, finish]), compared('<>', [own, own])]);
  const test = together('OR_EXPR', [
    together('AND_EXPR', [compared('=', [start, otherStart]), isKnown(end), isKnown(lastEnd)]),
    together('AND_EXPR', [compared('>', [start, otherStart]), isBefore(start, lastEnd, end)]),
    together('AND_EXPR', [compared('<', [start, otherStart]), isBefore(otherStart, end, lastEnd)]),
  ]);
  return p.value(test, scope);
}

/** Converts the bounds to timestamps unless all have the same type; an interval is added to its start. */
function inMoments(p: Printing, args: readonly Node[], scope: Scope): readonly Node[] {
  const known = args.map((arg) => typeOf(p, arg, scope));
  const isText = args.map((arg) => untypedText(arg) !== undefined); // a moment, beside moments
  const types = known.map((type, at) => (isText[at] === true ? 'timestamp' : type));
  const isMixed =
    isText.includes(true) ||
    types.includes('interval') ||
    (types.includes('date') && types.some((type) => type !== 'date'));
  if (!isMixed) return args;
  const momentOf = (at: number): Node | undefined =>
    types[at] === 'date' || isText[at] === true ? castTo('timestamp', args[at]) : args[at];
  return args.map((arg, at) => {
    const isLength = types[at] === 'interval' && at % 2 === 1;
    return isLength ? operator('+', momentOf(at - 1), arg) : (momentOf(at) ?? arg);
  });
}

const startOf = (one: Node, other: Node): Node => ({ MinMaxExpr: { op: 'IS_LEAST', args: [one, other] } });

function endOf(one: Node, other: Node): Node {
  const isThere = (arg: Node): Node => ({ NullTest: { arg, nulltesttype: 'IS_NOT_NULL' } });
  const result: Node = { MinMaxExpr: { op: 'IS_GREATEST', args: [one, other] } };
  return { CaseExpr: { args: [{ CaseWhen: { expr: together('AND_EXPR', [isThere(one), isThere(other)]), result } }] } };
}
