/** As many octets of a secret together are its own, and not chance. */
const WINDOW = 8;

/**
 * Which of the secrets stand in an output, any 8 octets of them together: raw, in hexadecimal of either case, in base64 at
 * any alignment, or as decimal numbers in a row.
 *
 * @param output as latin1 text, one character for an octet
 */
export function leaksOf(output: string, secrets: Readonly<Record<string, Uint8Array>>): string[] {
  const windows = new Map<number, Set<string>>();
  const has = (text: string, from: string): boolean => {
    let known = windows.get(text.length);
    if (known === undefined) {
      known = new Set();
      for (let at = 0; at + text.length <= from.length; at++)
        known.add(from.slice(at, at + text.length));
      windows.set(text.length, known);
    }
    return known.has(text);
  };
  // Separators of hexadecimal and of lists do not hide it.
  const digits = output.toLowerCase().replace(/(?<=[0-9a-f]{2})[ :](?=[0-9a-f]{2})/g, '');
  const numbers = output.replace(/"\d+":|\s/g, '');
  const inHex = new Set<string>();
  for (let at = 0; at + 2 * WINDOW <= digits.length; at++)
    inHex.add(digits.slice(at, at + 2 * WINDOW));
  const leaks = new Set<string>();
  for (const [name, secret] of Object.entries(secrets)) {
    for (let at = 0; at + WINDOW <= secret.length; at++) {
      const part = Buffer.from(secret.subarray(at, at + WINDOW));
      if (inHex.has(part.toString('hex'))) leaks.add(`${name} in hexadecimal`);
      if (has(part.toString('latin1'), output)) leaks.add(`${name} as it is`);
      if (numbers.includes(part.join(','))) leaks.add(`${name} as numbers`);
      for (let pad = 0; pad < 3; pad++)
        if (has(base64Of(part, pad), output)) leaks.add(`${name} in base64`);
    }
  }
  return [...leaks];
}

/** The nine characters that eight octets settle, whatever stands around them, behind `pad` others. */
function base64Of(part: Uint8Array, pad: number): string {
  const from = Math.ceil((pad * 8) / 6);
  const text = Buffer.concat([new Uint8Array(pad), part]).toString('base64');
  return text.slice(from, from + 9);
}

/** The secrets of a key log: the third field of every line. */
export function secretsOfKeyLog(name: string, text: string): Record<string, Uint8Array> {
  const lines = text.split('\n').filter((line) => /^[A-Z]/.test(line));
  return Object.fromEntries(
    lines.map((line, index) => {
      const [label = '', , secret = ''] = line.trim().split(' ');
      return [
        `${label} of line ${index + 1} of ${name}`,
        Uint8Array.from(Buffer.from(secret, 'hex')),
      ];
    }),
  );
}
