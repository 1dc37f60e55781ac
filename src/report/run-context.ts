import type { Analysis } from '../model/analysis.ts';

/**
 * What turns the numbers of a run into those a reader can type into Wireshark: facts number packets over all captures
 * and count time from the first packet; reports number packets by file and tell dates.
 */
export class RunContext {
  private readonly analysis: () => Pick<Analysis, 'epochSeconds' | 'places' | 'hostName'>;

  /** @param analysis the run, which need not have been made yet */
  constructor(analysis: () => Pick<Analysis, 'epochSeconds' | 'places' | 'hostName'>) {
    this.analysis = analysis;
  }

  get epochSeconds(): number {
    return this.analysis().epochSeconds;
  }

  /** More than one capture is read. */
  get hasSeveral(): boolean {
    return this.analysis().places.several;
  }

  pathOf(capture: number): string {
    return this.analysis().places.paths[capture] ?? '';
  }

  /**
   * What a capture is called where several are: the last part of its path, or all of it where another one has the same.
   */
  nameOf(capture: number): string {
    const { paths } = this.analysis().places;
    const path = paths[capture] ?? '';
    const short = lastPart(path);
    return paths.some((other, index) => index !== capture && lastPart(other) === short)
      ? path
      : short;
  }

  /** The name that the captures give for an address, as far as they were read. */
  hostName(address: string): string | undefined {
    return this.analysis().hostName(address);
  }

  /** Index of the capture that a packet of the run lies in. */
  captureOf(packet: number): number {
    return this.analysis().places.captureOf(packet);
  }

  /** Number of a packet within its own file. */
  numberInFile(packet: number): number {
    return this.analysis().places.numberInFile(packet);
  }

  /** The last packet of the run up to which packets are of the same file and follow each other there. */
  followedUpTo(packet: number): number {
    return this.analysis().places.followedUpTo(packet);
  }
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
