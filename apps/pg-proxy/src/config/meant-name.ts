import { closestMatch } from 'leven';

/** `; did you mean size?` of the names that are there, or nothing: none is near. */
export function meantName(given: string, names: Iterable<string>): string {
  const maxDistance = Math.ceil(given.length / 3);
  const name = closestMatch(given, [...names], { maxDistance });
  return name === undefined ? '' : `; did you mean ${name}?`;
}
