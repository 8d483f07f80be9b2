import type { RefusalIssue } from '@medrex/contracts';
import { encodeTime } from '@medrex/keys';
import type { Period } from './datatypes.ts';
import { issue } from './issues.ts';

/** Invariant per-1: what ends does not end before it starts. Partial dates are compared by their beginnings. */
export function periodIssues(period: Period | undefined, expression: string): readonly RefusalIssue[] {
  if (period?.start === undefined || period.end === undefined || !isBefore(period.end, period.start)) return [];
  return [issue('invariant', expression, 'The period ends before it starts.')];
}

/**
 * Whether one FHIR dateTime is earlier than another, whatever their offsets; equal precision is not needed, but partial
 * dates mean their start.
 */
export function isBefore(one: string, other: string): boolean {
  if (one.length < 11 || other.length < 11) {
    // A day in itself holds every instant of it: only what differs in the shorter precision is before.
    const length = Math.min(one.length, other.length, 10);
    return one.slice(0, length) < other.slice(0, length);
  }
  return encodeTime(one) < encodeTime(other);
}
