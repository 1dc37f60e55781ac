import type { FindingVerdict } from '../model/rule.ts';

/**
 * Verdicts that wait for the end of the capture, in the order in which they came. They are plain data, and as text they take
 * less room: there may be thousands, and they may wait for hours.
 */
export class HeldVerdicts {
  private texts: string[] = [];

  get count(): number {
    return this.texts.length;
  }

  push(verdict: FindingVerdict): void {
    this.texts.push(JSON.stringify(verdict));
  }

  /** Hands over each and lets it go, so that what is made of them finds room. */
  drain(take: (verdict: FindingVerdict) => void): void {
    const texts = this.texts.reverse();
    this.texts = [];
    for (let text = texts.pop(); text !== undefined; text = texts.pop()) take(JSON.parse(text));
  }
}
