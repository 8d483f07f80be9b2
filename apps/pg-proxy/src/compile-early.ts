import { setFlagsFromString } from 'node:v8';

/** How often a function is called before V8 makes its fastest code of it: 3,000 times without this. */
export const turbofanFlag = '--invocation-count-for-turbofan';

/**
 * A login calls each of its functions once or twice. Until the first 3,000 clients had come in, each would cost a fifth more; what every
 * statement calls is compiled soon in either case. What it does for them, and for TLS, stands in docs/performance.md.
 */
export function compileEarly(): void {
  setFlagsFromString(`${turbofanFlag}=800`);
}
