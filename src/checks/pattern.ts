/** Says whether a text is one of those that a pattern describes. */
export type Pattern = (text: string) => boolean;

/**
 * A pattern in which `*` stands for any characters, and a backslash takes the next character for itself. Letters of
 * either case are the same, as in names of hosts. Takes time in proportion to the text, whatever the pattern is.
 */
export function patternOf(text: string): Pattern {
  const [first = '', ...others] = piecesOf(text.toLowerCase());
  const last = others.pop();
  if (last === undefined) return (candidate) => candidate.toLowerCase() === first;
  return (candidate) => {
    const given = candidate.toLowerCase();
    const end = given.length - last.length;
    if (end < first.length || !given.startsWith(first) || !given.endsWith(last)) return false;
    let at = first.length;
    for (const piece of others) {
      const found = given.indexOf(piece, at);
      if (found < 0 || found + piece.length > end) return false;
      at = found + piece.length;
    }
    return true;
  };
}

/** The pattern that describes this text alone. */
export function patternFor(text: string): string {
  return text.replace(/[\\*]/g, '\\$&');
}

/** What stands between the stars. */
function piecesOf(text: string): string[] {
  const pieces = [''];
  for (let at = 0; at < text.length; at++) {
    const isEscape = text[at] === '\\' && at + 1 < text.length;
    if (isEscape) at++;
    if (text[at] === '*' && !isEscape) pieces.push('');
    else pieces.push(`${pieces.pop()}${text[at]}`);
  }
  return pieces;
}
