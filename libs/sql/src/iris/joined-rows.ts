/** A column of texts that an aggregate has put together: IRIS keeps no order there, so each comes with its number. */
export interface Joined {
  /** What the client wants between them. */
  readonly separator: string;
}

/** Between the texts as IRIS gives them; no text has it. */
export const recordSeparator = '\u001e';

/** `2:b␞1:a` as `a, b`. */
export function joinedText({ separator }: Joined, numbered: string): string {
  return numbered
    .split(recordSeparator)
    .map((part) => {
      const end = part.indexOf(':');
      return { number: Number(part.slice(0, end)), text: part.slice(end + 1) };
    })
    .sort((left, right) => left.number - right.number)
    .map(({ text }) => text)
    .join(separator);
}
