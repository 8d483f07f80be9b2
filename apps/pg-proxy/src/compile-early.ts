import { setFlagsFromString } from 'node:v8';

/** The number of calls after which V8 compiles a function with its optimising compiler; 3,000 by default. */
export const turbofanFlag = '--invocation-count-for-turbofan';

/**
 * A login calls each of its functions once or twice. With V8's default, each of the first 3,000 logins would cost a fifth more; functions
 * called by every statement are compiled soon in either case. docs/performance.md shows the effect on statements and on TLS.
 */
export function compileEarly(): void {
  setFlagsFromString(`${turbofanFlag}=800`);
}
