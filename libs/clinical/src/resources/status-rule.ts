import { reject } from '../contract/rejects.ts';

/** Which status may follow which. A status may always follow itself; a status without a line may be followed by any. */
export type StatusRule = Readonly<Record<string, readonly string[]>>;

/**
 * Decides whether a record may go from one status to the next. A record that did not exist, or does no more, may begin
 * with any: its earlier life was elsewhere.
 *
 * @param element the element that carries the status, for the expression: `Observation.status`
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
