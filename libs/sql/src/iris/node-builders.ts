import type { Node } from 'libpg-query';

/** Builders of parse tree nodes, for rewriting. */
export const words = (name: string): Node[] => [{ String: { sval: name } }];

/** A column reference, possibly qualified. */
export const columnOf = (...names: readonly string[]): Node => ({
  ColumnRef: { fields: names.flatMap(words), location: -1 },
});

/** A column of the current kept row, numbered from 1. */
export const keptColumn = (place: number): Node => ({ ParamRef: { number: -place, location: -1 } });

/** A string constant. */
export const constant = (sval: string): Node => ({ A_Const: { sval: { sval }, location: -1 } });

export const number = (ival: number): Node => ({ A_Const: { ival: { ival }, location: -1 } });

export const callOf = (name: string, arg: Node | undefined): Node => ({
  FuncCall: { funcname: words(name), args: arg === undefined ? [] : [arg], location: -1 },
});

export const operator = (name: string, lexpr: Node | undefined, rexpr: Node | undefined): Node => ({
  A_Expr: {
    kind: 'AEXPR_OP',
    name: words(name),
    location: -1,
    ...(lexpr === undefined ? {} : { lexpr }),
    ...(rexpr === undefined ? {} : { rexpr }),
  },
});

export const booleanNode = (boolop: 'AND_EXPR' | 'OR_EXPR', args: Node[]): Node => ({ BoolExpr: { boolop, args } });

export const when = (expr: Node, result: Node | undefined, defresult?: Node): Node => ({
  CaseExpr: {
    args: [{ CaseWhen: { expr, ...(result === undefined ? {} : { result }) } }],
    ...(defresult === undefined ? {} : { defresult }),
  },
});

export const castTo = (type: string, arg: Node | undefined): Node => ({
  TypeCast: { ...(arg === undefined ? {} : { arg }), typeName: { names: words(type), location: -1 } },
});

export const target = (name: string, val: Node): Node => ({ ResTarget: { name, val, location: -1 } });
