/** The name that is probably meant, of those that are there; undefined: none is near. */
export function closestName(given: string, names: Iterable<string>): string | undefined {
  const [word, most] = [given.toLowerCase(), Math.max(1, Math.floor(given.length / 3))];
  let [best, bestSteps]: [string | undefined, number] = [undefined, most + 1];
  for (const name of names) {
    const steps = stepsBetween(word, name.toLowerCase());
    if (steps < bestSteps) [best, bestSteps] = [name, steps];
  }
  return best;
}

/** `; did you mean size?`, or nothing. */
export function meantName(given: string, names: Iterable<string>): string {
  const name = closestName(given, names);
  return name === undefined ? '' : `; did you mean ${name}?`;
}

/** How many letters are put in, left out, replaced or swapped with the next (optimal string alignment). */
function stepsBetween(from: string, to: string): number {
  let [before, above]: [number[], number[]] = [[], Array.from({ length: to.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1];
      const steps = [(above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (isSame ? 0 : 1)];
      if (from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) steps.push((before[j - 2] ?? 0) + 1);
      row.push(Math.min(...steps));
    }
    [before, above] = [above, row];
  }
  return above[to.length] ?? 0;
}
