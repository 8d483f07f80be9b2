/** Runs shorter than this are cheap: underlines of headings, for example. */
const shortRun = 256;
/** Limit for the sum of the squared run lengths: about 6 ms in the lexer. */
const squaresMax = 8_000_000;

const isOperator = new Uint8Array(128);
for (const character of '~!@#^&|`?+-*/%<>=') isOperator[character.charCodeAt(0)] = 1;

/**
 * Whether PostgreSQL's lexer would be slow on a text. It matches a run of operator characters as a whole, finds a comment in it, and
 * matches the rest of the run again (scan.l, `xcstart` and `operator`), which is quadratic: 60 KB of adjacent comments take 3 s.
 */
export function isSlowToLex(text: string): boolean {
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
