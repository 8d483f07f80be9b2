/** Calls until V8 has an inline cache for the property access; the first few have none. */
const calls = 1_000;

/**
 * Call it once after loading ioredis, which has a class that extends `String`. That turns `String.prototype` into a slow-mode prototype
 * until a property is looked up through an object (`JSObject::MakePrototypesFast` of V8), which primitive strings are not. Without this,
 * every call of a string method in the process takes two to six times as long, even in optimized code.
 */
export function makeStringsQuick(): void {
  const boxed = Object('medrex') as string;
  for (let call = 0; call < calls; call++) boxed.charCodeAt(0);
}
