/** Dotted decimal. */
export function ip4Text(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** Eight groups as RFC 5952 §4 writes them: lower case, the longest run of two or more zero groups shortened once. */
export function ip6Text(groups: readonly number[]): string {
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > bestLength) {
      best = i;
      bestLength = n;
    }
    i += n;
  }
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i === best) {
      text += '::';
      i += bestLength - 1;
    } else {
      if (i > 0 && (best < 0 || i !== best + bestLength)) text += ':';
      text += (groups[i] as number).toString(16);
    }
  }
  return text;
}
