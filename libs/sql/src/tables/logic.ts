import type { Compiled, Typed } from './compiled.ts';

/** NOT; NULL for NULL. */
export function not(operand: Compiled): Typed {
  return {
    type: 'bool',
    evaluate: (row, run) => {
      const value = operand.evaluate(row, run);
      return value === null ? null : value !== true;
    },
  };
}

/** AND or OR of all parts, in three-valued logic. */
export function conjunction(parts: readonly Compiled[], isOr: boolean): Typed {
  return {
    type: 'bool',
    evaluate: (row, run) => {
      let isKnown = true;
      for (const part of parts) {
        const value = part.evaluate(row, run);
        if (value === isOr) return isOr;
        if (value === null) isKnown = false;
      }
      return isKnown ? !isOr : null;
    },
  };
}
