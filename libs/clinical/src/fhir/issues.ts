import type { RefusalIssue } from '@medrex/contracts';

/** Maximum of issues reported for one resource: enough to repair it, too few to flood a log. */
export const issuesMax = 20;

/** An error issue. `diagnostics` says what to do and quotes nothing that the sender wrote. */
export function issue(code: string, expression: string, diagnostics: string): RefusalIssue {
  return { severity: 'error', code, diagnostics, expression };
}

/** Collects the issues of one resource up to the limit and counts the rest. */
export class IssueList {
  readonly #issues: RefusalIssue[] = [];
  #more = 0;

  /** @returns false, so that a check can end with `return issues.add(...)`. */
  add(code: string, expression: string, diagnostics: string): false {
    if (this.#issues.length < issuesMax) this.#issues.push(issue(code, expression, diagnostics));
    else this.#more += 1;
    return false;
  }

  /** The issues found. Above the limit a last one says how many more there are. */
  all(): readonly RefusalIssue[] {
    if (this.#more === 0) return this.#issues;
    const more: RefusalIssue = {
      severity: 'error',
      code: 'too-long',
      diagnostics: `${this.#more} more issues are not listed; repair these first.`,
    };
    return [...this.#issues, more];
  }
}

/**
 * The same issues with expressions relative to the whole message: `Observation.status` becomes
 * `Bundle.entry[3].resource.status`.
 */
export function prefixed(issues: readonly RefusalIssue[], type: string, root: string): readonly RefusalIssue[] {
  if (type === root) return issues;
  return issues.map((one) => ({ ...one, expression: root + (one.expression ?? type).slice(type.length) }));
}
