import type { A_Expr, Node } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import type { CellType } from './cell.ts';
import { fail, notSupported, type Compiled, type Typed } from './compiled.ts';
import { as, typed, valueOf } from './conversion.ts';
import type { Expressions } from './expressions.ts';
import { conjunction, not } from './logic.ts';
import { elementsOf } from './matching.ts';
import { strict, type Operators } from './operators.ts';
import type { Parameters } from './parameters.ts';

/** Compiles A_Expr nodes: operators, IN, BETWEEN, = ANY, IS DISTINCT FROM, NULLIF. */
export class Operations {
  readonly #expressions: Pick<Expressions, 'compile' | 'typed'>;
  readonly #operators: Operators;
  readonly #parameters: Parameters;

  /** @param expressions compiles the operands */
  constructor(expressions: Pick<Expressions, 'compile' | 'typed'>, operators: Operators, parameters: Parameters) {
    this.#expressions = expressions;
    this.#operators = operators;
    this.#parameters = parameters;
  }

  compile({ kind, name, lexpr, rexpr, location }: A_Expr): Compiled {
    const operator = namesOf(name).at(-1) ?? '';
    switch (kind) {
      case 'AEXPR_OP':
      case 'AEXPR_LIKE':
      case 'AEXPR_ILIKE':
        if (rexpr === undefined) return notSupported(`operator ${operator}`, location);
        if (lexpr === undefined) return this.#prefixed(operator, rexpr, location);
        if (operator === '=' || operator === '<>') return this.#equality(lexpr, rexpr, operator === '<>', location);
        return this.#operators.binary(
          operator,
          this.#expressions.compile(lexpr),
          this.#expressions.compile(rexpr),
          location,
        );
      case 'AEXPR_IN':
        return this.#inList(lexpr as Node, bodyOf(rexpr, 'List')?.items ?? [], operator === '<>');
      case 'AEXPR_OP_ANY':
      case 'AEXPR_OP_ALL':
        return this.#any(kind === 'AEXPR_OP_ALL', operator, lexpr as Node, rexpr as Node);
      case 'AEXPR_BETWEEN':
      case 'AEXPR_NOT_BETWEEN':
        return this.#between(lexpr as Node, bodyOf(rexpr, 'List')?.items ?? [], kind === 'AEXPR_NOT_BETWEEN');
      case 'AEXPR_DISTINCT':
      case 'AEXPR_NOT_DISTINCT':
        return this.#distinct(lexpr as Node, rexpr as Node, kind === 'AEXPR_DISTINCT');
      case 'AEXPR_NULLIF':
        return this.#nullIf(lexpr as Node, rexpr as Node);
      default:
        return notSupported(`operator ${operator}`, location);
    }
  }

  #prefixed(operator: string, operand: Node, location?: number): Compiled {
    const value = this.#expressions.compile(operand);
    if (operator === '+') return value;
    return operator === '-' ? this.#operators.minus(value, location) : notSupported(`operator ${operator}`, location);
  }

  #between(node: Node, [low, high]: readonly Node[], isNot: boolean): Compiled {
    const value = this.#expressions.compile(node);
    const both = [
      this.#operators.comparison('>=', value, this.#expressions.compile(low as Node)),
      this.#operators.comparison('<=', value, this.#expressions.compile(high as Node)),
    ];
    return isNot ? not(conjunction(both, false)) : conjunction(both, false);
  }

  #inList(node: Node, items: readonly Node[], isNot: boolean): Compiled {
    const equal = items.map((item) => this.#equality(node, item, false));
    return isNot ? not(conjunction(equal, true)) : conjunction(equal, true);
  }

  /** Equality of two values or of two rows. */
  #equality(left: Node, right: Node, isNot: boolean, location?: number): Compiled {
    const [ones, others] = [left, right].map((node) => bodyOf(node, 'RowExpr')?.args);
    if (ones === undefined || others === undefined)
      return this.#operators.binary(
        isNot ? '<>' : '=',
        this.#expressions.compile(left),
        this.#expressions.compile(right),
        location,
      );
    if (ones.length !== others.length) fail('42601', 'unequal number of entries in row expressions', location);
    const equal = conjunction(
      ones.map((one, index) => this.#equality(one, others[index] as Node, false, location)),
      false,
    );
    return isNot ? not(equal) : equal;
  }

  /** `= ANY` or `= ALL` of ARRAY[...] or of an array in text form. */
  #any(isAll: boolean, operator: string, left: Node, right: Node): Compiled {
    const value = this.#expressions.compile(left);
    const items = bodyOf(right, 'A_ArrayExpr')?.elements;
    if (items !== undefined)
      return conjunction(
        items.map((item) => this.#operators.binary(operator, value, this.#expressions.compile(item))),
        !isAll,
      );
    const one = typed(value, this.#parameters);
    const array = this.#array(bodyOf(right, 'TypeCast')?.arg ?? right, one.type);
    const compared = this.#operators.comparison(
      operator,
      { ...one, evaluate: (row) => row[0] ?? null },
      {
        type: one.type,
        evaluate: (row) => row[1] ?? null,
      },
    );
    return strict('bool', [one, array], ([own, text], run) => {
      const elements = elementsOf(String(text)).map((element) =>
        element === null ? null : valueOf(element, one.type, run.nowMs),
      );
      const holds = elements.map((element) => compared.evaluate([own ?? null, element], run));
      if (holds.includes(!isAll)) return !isAll;
      return holds.includes(null) ? null : isAll;
    });
  }

  /** An array in text form; a parameter is declared as an array. */
  #array(node: Node, elementType: CellType): Typed {
    const compiled = this.#expressions.compile(node);
    const { unknown } = compiled;
    if (compiled.type === 'unknown' && unknown !== undefined && 'parameter' in unknown)
      return this.#parameters.settleArray(unknown.parameter, elementType);
    return as(compiled, 'text', this.#parameters);
  }

  #distinct(left: Node, right: Node, isDistinct: boolean): Compiled {
    const [one, other] = [this.#expressions.compile(left), this.#expressions.compile(right)];
    const equal = this.#operators.comparison('=', one, other);
    return {
      type: 'bool',
      evaluate: (row, run) => {
        const [isNull, isOtherNull] = [one.evaluate(row, run) === null, other.evaluate(row, run) === null];
        const isSame = isNull || isOtherNull ? isNull && isOtherNull : equal.evaluate(row, run) === true;
        return isSame !== isDistinct;
      },
    };
  }

  #nullIf(left: Node, right: Node): Compiled {
    const [one, other] = [this.#expressions.typed(left), this.#expressions.compile(right)];
    const equal = this.#operators.comparison('=', one, other);
    return { ...one, evaluate: (row, run) => (equal.evaluate(row, run) === true ? null : one.evaluate(row, run)) };
  }
}
