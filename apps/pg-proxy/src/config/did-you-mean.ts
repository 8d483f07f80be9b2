import { closestMatch } from 'leven';

/** Returns `; did you mean size?` with the nearest of the existing names, or nothing if none is near. */
export function didYouMean(given: string, names: Iterable<string>): string {
  const maxDistance = Math.ceil(given.length / 3);
  const name = closestMatch(given, [...names], { maxDistance });
  return name === undefined ? '' : `; did you mean ${name}?`;
}
