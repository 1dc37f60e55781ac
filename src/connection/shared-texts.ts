/** Texts that many rows have in common, each kept once and as long as a row has it. */
export class SharedTexts {
  private readonly places = new Map<string, number>();
  private readonly texts: (string | undefined)[] = [undefined];
  private readonly uses: number[] = [0];
  private readonly free: number[] = [];

  /** Texts that are kept. */
  get size(): number {
    return this.places.size;
  }

  /** A number for one more row that has the text; 0 for none. */
  take(text: string | undefined): number {
    if (text === undefined) return 0;
    let place = this.places.get(text);
    if (place === undefined) {
      place = this.free.pop() ?? this.texts.length;
      this.places.set(text, place);
      this.texts[place] = text;
      this.uses[place] = 0;
    }
    this.uses[place] = (this.uses[place] ?? 0) + 1;
    return place;
  }

  at(place: number): string | undefined {
    return this.texts[place];
  }

  /** A row that had it is given up. */
  release(place: number): void {
    const text = this.texts[place];
    if (text === undefined) return;
    const left = (this.uses[place] ?? 0) - 1;
    this.uses[place] = left;
    if (left > 0) return;
    this.places.delete(text);
    this.texts[place] = undefined;
    this.free.push(place);
  }
}
