import { reject } from '../contract/rejects.ts';

/**
 * Which statuses may follow a status. A status may always be repeated; one that is not listed may be followed by any.
 */
export type StatusRule = Readonly<Record<string, readonly string[]>>;

/**
 * Checks that a record may change from one status to the next. A new record, or one that was deleted, may have any
 * status, because its earlier history may be elsewhere.
 * @param element FHIRPath of the element that holds the status: `Observation.status`
 * @throws Reject STATUS_TRANSITION
 */
export function checkStatus(
  rule: StatusRule,
  element: string,
  before: string | undefined,
  after: string | undefined,
): void {
  if (before === undefined || after === undefined || before === after || !Object.hasOwn(rule, before)) return;
  if (rule[before]?.includes(after) === true) return;
  throw reject('STATUS_TRANSITION', `${element} cannot go from ${before} to ${after}`, {
    expression: element,
    from: before,
    to: after,
  });
}
