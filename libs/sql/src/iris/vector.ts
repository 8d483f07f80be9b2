import type { A_Expr, Node } from 'libpg-query';
import { bodyOf, constantText, namesOf } from '../ast.ts';
import type { ColumnFacts } from './catalog.ts';
import type { Printing } from './printing.ts';
import { refuse, Refusal } from './refusal.ts';
import type { Scope } from './scope.ts';
import { vectorText } from './vector-text.ts';

const measures: Readonly<Record<string, string>> = {
  '<=>': 'VECTOR_COSINE',
  '<#>': 'VECTOR_DOT_PRODUCT',
  '<->': 'VECTOR_COSINE',
};

/** Prints a distance operator of pgvector as a value. */
export function printDistance(p: Printing, expression: A_Expr, scope: Scope): string {
  const operator = operatorOf(expression);
  if (operator === '<->') return refuseL2(expression);
  const near = printNearness(p, expression, scope);
  return operator === '<=>' ? `(1 - ${near})` : `(-${near})`;
}

/**
 * Prints an ascending ORDER BY of a distance as a descending similarity: an HNSW index serves only TOP k ... ORDER BY similarity DESC.
 * Undefined for anything else.
 */
export function printNearestFirst(p: Printing, node: Node | undefined, scope: Scope): string | undefined {
  const expression = bodyOf(node, 'A_Expr');
  if (expression?.kind !== 'AEXPR_OP' || measures[operatorOf(expression)] === undefined) return undefined;
  if (operatorOf(expression) === '<->' && !isNormalised(expression, scope)) return refuseL2(expression);
  return `${printNearness(p, expression, scope)} DESC`;
}

const operatorOf = ({ name }: A_Expr): string => namesOf(name).at(-1) ?? '';

function refuseL2({ location }: A_Expr): never {
  return refuse(
    'the distance <->',
    location,
    'IRIS has no L2 distance: use <=>, or declare the column normalised, where both give one order.',
  );
}

function isNormalised({ lexpr, rexpr }: A_Expr, scope: Scope): boolean {
  return [lexpr, rexpr].some((side) => vectorColumn(side, scope)?.isNormalised === true);
}

function printNearness(p: Printing, expression: A_Expr, scope: Scope): string {
  const { lexpr, rexpr, location } = expression;
  if (!p.dialect.has('vectors')) return refuse(`a vector before IRIS ${p.dialect.since('vectors')}`, location);
  const column = vectorColumn(lexpr, scope) ?? vectorColumn(rexpr, scope);
  const sides = [lexpr, rexpr].map((side) => vectorSide(p, side, column, scope, location));
  return `${measures[operatorOf(expression)] ?? ''}(${sides.join(', ')})`;
}

function vectorColumn(node: Node | undefined, scope: Scope): ColumnFacts | undefined {
  const reference = bodyOf(node, 'ColumnRef');
  return reference === undefined ? undefined : scope.column(reference)?.facts;
}

/** Prints a vector operand with the element type and dimensions of the column; otherwise IRIS fails with SQLCODE -259. */
export function vectorSide(
  p: Printing,
  node: Node | undefined,
  column: ColumnFacts | undefined,
  scope: Scope,
  location?: number,
): string {
  const cast = bodyOf(node, 'TypeCast');
  const bare = cast === undefined ? node : cast.arg;
  const number = bodyOf(bare, 'ParamRef')?.number;
  const text = bodyOf(bare, 'A_Const')?.sval === undefined ? undefined : constantText(bare);
  if (number === undefined && text === undefined) return p.value(node, scope);
  const written = Number(constantText(cast?.typeName?.typmods?.[0]) ?? Number.NaN);
  const size = Number.isNaN(written)
    ? (column?.dimensions ?? (text === undefined ? undefined : countOf(text)))
    : written;
  if (size === undefined) {
    return refuse(
      'a vector of unknown dimensions',
      location,
      'Cast it: $1::vector(384), or let the catalog know the column.',
    );
  }
  const value = number === undefined ? vectorText(p, text ?? '', location) : p.marks.parameter(number, 'vector');
  if (text !== undefined && column?.dimensions !== undefined && countOf(text) !== column.dimensions)
    throw new Refusal(`different vector dimensions ${column.dimensions} and ${countOf(text)}`, {
      sqlstate: '22000',
      location: bodyOf(bare, 'A_Const')?.location,
    });
  return `TO_VECTOR(${value}, ${column?.vectorElement ?? 'DOUBLE'}, ${size})`;
}

const countOf = (text: string): number => text.split(',').length;
