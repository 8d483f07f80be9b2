import { CodedError, type ErrorDescription } from '@medrex/coded-error';
import type { PlannerLimits } from './planner-limits.ts';

export const plannerErrors = {
  FUSION_UNKNOWN: {
    code: 'PLANNER_FUSION_UNKNOWN',
    retryable: false,
    meaning: 'A fusion was held, completed or given back that is not in flight.',
    remedy: 'End each fusion once: complete it, give it back, or see it returned by hold.',
  },
  OPERATION_UNKNOWN: {
    code: 'PLANNER_OPERATION_UNKNOWN',
    retryable: false,
    meaning: 'Touched keys or an end were reported for an operation that is not in the fusion.',
    remedy: 'Report only what the fusion carries.',
  },
  LIMITS_UNUSABLE: {
    code: 'PLANNER_LIMITS_UNUSABLE',
    retryable: false,
    meaning: 'The limits of the planner leave some operations without a flight or a class.',
    remedy: 'Correct the limit that the message names.',
  },
} as const satisfies Record<string, ErrorDescription>;

export function fusionUnknown(id: number): CodedError {
  return new CodedError(plannerErrors.FUSION_UNKNOWN, `fusion ${id}: it is not in flight`);
}

export function operationUnknown(seq: number, fusion: number): CodedError {
  return new CodedError(plannerErrors.OPERATION_UNKNOWN, `fusion ${fusion}: operation ${seq} is not in it`);
}

/** @throws CodedError PLANNER_LIMITS_UNUSABLE */
export function checkLimits(limits: PlannerLimits): void {
  const { classes, flights, flightsReserved, flightsAlone, fusion, size, shares } = limits;
  const problems = [
    classes >= 1 ? [] : [`classes ${classes}: at least 1`],
    flights >= 1 ? [] : [`flights ${flights}: at least 1`],
    flightsReserved >= 0 && (flightsReserved < flights || classes === 1)
      ? []
      : [`flightsReserved ${flightsReserved}: fewer than the ${flights} flights, or the other classes have none`],
    flightsAlone >= 1 ? [] : [`flightsAlone ${flightsAlone}: at least 1`],
    shares.length === classes ? [] : [`shares: ${shares.length} for ${classes} classes`],
    fusion.operationsMax >= 1 && size.operationsMin >= 1 ? [] : ['operationsMax and operationsMin: at least 1'],
  ].flat();
  if (problems.length > 0) throw new CodedError(plannerErrors.LIMITS_UNUSABLE, `planner: ${problems.join('; ')}`);
}
