/** So often that the engine notes what it looked at: it does not for code that runs for the first time. */
const looks = 1_000;

/**
 * To be called once ioredis is there, which has a class that extends `String`. Of what others inherit from, V8 looks up properties slowly until it
 * is looked at through an object (`JSObject::MakePrototypesFast`), and strings are none: without this every call of a string's method in the
 * whole process takes two to six times as long, in optimized code, too.
 */
export function makeStringsQuick(): void {
  const boxed = Object('medrex') as string;
  for (let look = 0; look < looks; look++) boxed.charCodeAt(0);
}
