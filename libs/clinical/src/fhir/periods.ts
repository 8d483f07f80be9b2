import type { RefusalIssue } from '@medrex/contracts';
import { encodeTime } from '@medrex/keys';
import type { Period } from './datatypes.ts';
import { issue } from './issues.ts';

/** Invariant per-1: a period does not end before it starts. Partial dates are compared by their beginnings. */
export function periodIssues(period: Period | undefined, expression: string): readonly RefusalIssue[] {
  if (period?.start === undefined || period.end === undefined || !isBefore(period.end, period.start)) return [];
  return [issue('invariant', expression, 'The period ends before it starts.')];
}

/**
 * Whether one FHIR dateTime is earlier than another, whatever their offsets. A partial date counts as its beginning.
 */
export function isBefore(one: string, other: string): boolean {
  if (one.length < 11 || other.length < 11) {
    // A day includes every instant of it, so dates are compared in the shorter precision.
    const length = Math.min(one.length, other.length, 10);
    return one.slice(0, length) < other.slice(0, length);
  }
  return encodeTime(one) < encodeTime(other);
}
