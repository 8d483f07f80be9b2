/** Shorter ones cost next to nothing: lines under headings. */
const shortRun = 256;
/** Squares of runs, added up: some 6 ms of the lexer. */
const squaresMax = 8_000_000;

const isOperator = new Uint8Array(128);
for (const character of '~!@#^&|`?+-*/%<>=') isOperator[character.charCodeAt(0)] = 1;

/**
 * Whether PostgreSQL's lexer would take long for a text: it takes a run of characters that operators are made of as a whole, finds that a
 * comment begins in it, and takes what is left of the run anew behind that (scan.l, `xcstart` and `operator`). 60 KB of comments without
 * anything between them take it 3 s.
 */
export function isDearToLex(text: string): boolean {
  if (text.length * text.length <= squaresMax) return false;
  let squares = 0;
  let run = 0;
  for (let at = 0; at <= text.length; at += 1) {
    if (isOperator[text.charCodeAt(at)] === 1) run += 1;
    else {
      if (run > shortRun) squares += run * run;
      run = 0;
    }
  }
  return squares > squaresMax;
}
