import type { Profile } from '../profile.ts';
import * as fhir from '../resources.ts';

/** Only read-modify-writes of `size` resources: a contention test, not a working day. */
export function hot(size: number): Profile {
  return {
    name: `hot-${size}`,
    description: `read-modify-write of ${size} resources`,
    open: ({ random, skewed, run }) => {
      const rank = skewed(size);
      const result = (place: number, time: string) =>
        fhir.runningResult(random, `${run}-hot-${place}`, `${run}-p${place}`, time);
      return {
        setup: (time) => Array.from({ length: size }, (_, place) => result(place, time)),
        next: (time) => result(rank(), time),
      };
    },
  };
}
