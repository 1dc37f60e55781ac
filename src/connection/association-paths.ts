import { LIMITS } from '../model/limits.ts';
import type { Side } from '../model/stream.ts';
import type { Association, Path } from './dtls-association.ts';

/** Where associations went after their handshake, and who came to a 5-tuple. */
export class AssociationPaths {
  private readonly byFlow = new Map<number, Path[]>();

  /** Has anybody moved at all? */
  get isEmpty(): boolean {
    return this.byFlow.size === 0;
  }

  /** Those who came to a 5-tuple, the earliest first. */
  at(flow: number): readonly Path[] {
    return this.byFlow.get(flow) ?? NONE;
  }

  on(flow: number, a: Association): Path | undefined {
    for (const path of a.paths ?? NONE) if (path.flow === flow) return path;
    return undefined;
  }

  /** May others have come to a 5-tuple beside those that are kept? */
  isFull(flow: number): boolean {
    return this.at(flow).length >= LIMITS.pathsPerFlow;
  }

  /**
   * The path of an association on a 5-tuple, begun if need be.
   *
   * @param side of the record on this 5-tuple; `sender` on that of the handshake
   * @returns undefined where the association has been on too many, or too many came there
   */
  take(
    a: Association,
    flow: number,
    side: Side,
    sender: Side,
    isElsewhere: boolean,
    packet: number,
    nanos: number,
  ): Path | undefined {
    const known = this.on(flow, a);
    if (known !== undefined) return known;
    a.paths ??= [];
    if (a.paths.length >= LIMITS.pathsPerAssociation || this.isFull(flow)) {
      a.pathsOmitted = true;
      return undefined;
    }
    const path: Path = {
      association: a,
      flow,
      isFlipped: side !== sender,
      isElsewhere,
      firstPacket: packet,
      firstNanos: nanos,
      lastPacket: packet,
      lastNanos: nanos,
      records: [0, 0],
      opened: 0,
      copies: 0,
      firstOf: [undefined, undefined],
    };
    a.paths.push(path);
    const others = this.byFlow.get(flow);
    if (others === undefined) this.byFlow.set(flow, [path]);
    else others.push(path);
    return path;
  }

  forget(a: Association): void {
    for (const path of a.paths ?? NONE) {
      const left = this.at(path.flow).filter((other) => other !== path);
      if (left.length === 0) this.byFlow.delete(path.flow);
      else this.byFlow.set(path.flow, left);
    }
    a.paths = undefined;
    a.pathsOmitted = false;
  }
}

const NONE: readonly never[] = [];
