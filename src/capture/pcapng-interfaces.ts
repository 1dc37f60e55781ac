import { LIMITS } from '../model/limits.ts';
import type { InterfaceFacts } from '../model/packet.ts';
import { readCounts, readInterfaceOptions } from './pcapng-options.ts';
import type { TimestampScale } from './timestamp-scale.ts';

/** Fixed fields of an Interface Description Block and of an Interface Statistics Block. */
const DESCRIPTION_OCTETS = 8;
const STATISTICS_OCTETS = 12;

/** An interface of the current section, as packets need it. */
export interface PcapngInterface {
  readonly facts: InterfaceFacts;
  readonly linkType: number;
  /** 0 for no limit. */
  readonly snapLength: number;
  readonly scale: TimestampScale;
  /** Counted over all sections. */
  readonly index: number;
}

/** The interfaces of the section being read; all of the file end up in its facts. */
export class InterfaceTable {
  readonly #facts: InterfaceFacts[];
  #section: PcapngInterface[] = [];
  /** Interfaces of all sections so far. */
  #described = 0;

  constructor(facts: InterfaceFacts[]) {
    this.#facts = facts;
  }

  /** Interfaces are numbered from 0 again. */
  beginSection(): void {
    this.#section = [];
  }

  /** The interface with the number `id` of this section; undefined when it was not described. */
  get(id: number): PcapngInterface | undefined {
    return this.#section[id];
  }

  /** Takes the body of an Interface Description Block; false when it is too short or one too many. */
  describe(view: DataView, body: number, end: number, littleEndian: boolean): boolean {
    if (end - body < DESCRIPTION_OCTETS || this.#section.length >= LIMITS.interfaces) return false;
    const linkType = view.getUint16(body, littleEndian);
    const snapLength = view.getUint32(body + 4, littleEndian);
    const { name, scale } = readInterfaceOptions(
      view,
      body + DESCRIPTION_OCTETS,
      end,
      littleEndian,
    );
    const facts: InterfaceFacts = {
      linkType,
      snapLength,
      ...(name === undefined ? {} : { name }),
    };
    this.#section.push({ facts, linkType, snapLength, scale, index: this.#described });
    this.#described += 1;
    // A file of many sections goes on without its list growing.
    if (this.#facts.length < LIMITS.interfaces) this.#facts.push(facts);
    return true;
  }

  /** Takes the body of an Interface Statistics Block; false when it is too short. The counters are totals: the last holds. */
  count(view: DataView, body: number, end: number, littleEndian: boolean): boolean {
    if (end - body < STATISTICS_OCTETS) return false;
    const described = this.get(view.getUint32(body, littleEndian));
    if (described === undefined) return true;
    const { facts } = described;
    const counts = readCounts(view, body + STATISTICS_OCTETS, end, littleEndian);
    const { received, droppedByInterface, droppedBySystem } = counts;
    if (received !== undefined) facts.received = received;
    if (droppedBySystem !== undefined) facts.droppedBySystem = droppedBySystem;
    if (droppedByInterface !== undefined || droppedBySystem !== undefined) {
      facts.dropped = (droppedByInterface ?? 0) + (droppedBySystem ?? 0);
    }
    return true;
  }
}
