import { PackedRows, RowFields } from '../bytes/packed-rows.ts';
import {
  ACK_NANOS,
  ACK_PACKET,
  FIN_NANOS,
  FLAGS,
  FURTHEST,
  GAP_SINCE,
  ID,
  LAST_DATA_NANOS,
  LAST_DATA_PACKET,
  LAST_NANOS,
  LAST_PACKET,
  NEXT_SEQUENCE,
  NUMBERS,
  OCTETS,
  RST_NANOS,
  SENDER,
  type TcpTable,
  WORDS,
} from './tcp-table.ts';

/** Fields that `lead` reads. */
const LEAD = { serial: 0, fine: 1, last: 2 } as const;
/** Most captures tell microseconds: then times are told in them, and are not `fine`. */
const MICROSECOND = 1000;
const TIMES = [LAST_NANOS, LAST_DATA_NANOS, ACK_NANOS, GAP_SINCE, FIN_NANOS, RST_NANOS];
const TIME_COLUMNS = ['firstNanos', 'synNanos', 'lastSynNanos', 'synAckNanos'];

/**
 * Connections of which nothing was heard for a while, packed: most that are open at one time are silent, and their facts
 * differ little from one another (a SYN, an answer, a few packets soon after), so that a row takes a fifth of its room.
 */
export class Sleepers {
  private readonly table: TcpTable;
  private readonly row: RowFields;
  private readonly fields: Float64Array;
  private readonly packed: PackedRows;
  /** Where things are in `fields`: words and numbers of side 0; others by name. */
  private readonly words: number;
  private readonly numbers: number;
  private readonly stream: number;
  private readonly first: number;
  /** Behind all columns: when it had its last packet; 1 where times are nanoseconds. */
  private readonly last: number;
  private readonly fine: number;
  private readonly times: Int32Array;

  constructor(table: TcpTable) {
    this.table = table;
    this.last = table.width;
    this.fine = table.width + 1;
    this.row = new RowFields(table.width + 2);
    this.fields = this.row.values;
    this.words = table.fieldOf('words');
    this.numbers = table.fieldOf('numbers');
    this.stream = table.fieldOf('stream');
    this.first = table.fieldOf('first');
    this.times = Int32Array.from([
      this.last,
      ...TIME_COLUMNS.map((name) => table.fieldOf(name)),
      ...TIMES.flatMap((what) => [0, NUMBERS].map((side) => this.numbers + side + what)),
    ]);
    this.packed = new PackedRows(this.order(), Object.keys(LEAD).length);
  }

  /** @returns what the row is found by, positive; 0 if it cannot be packed. The row is as before. */
  put(row: number): number {
    const { fields, table } = this;
    table.writeRow(row, this.row.rewind());
    fields[this.last] = table.lastNanos(row);
    this.addSpans(-1);
    const isFine = this.times.some((field) => (fields[field] as number) % MICROSECOND !== 0);
    if (!isFine) this.scale(1 / MICROSECOND);
    fields[this.fine] = isFine ? 1 : 0;
    return this.packed.pack(fields);
  }

  /** Gives `row` all that was put under `handle`, which is free then. */
  take(handle: number, row: number): void {
    const { fields, table, packed } = this;
    packed.unpack(handle, fields);
    packed.release(handle);
    this.addSpans(1);
    if (fields[this.fine] === 0) this.scale(MICROSECOND);
    const stream = fields[this.stream] as number;
    fields[this.words + SENDER] = 2 * stream;
    fields[this.words + WORDS + SENDER] = 2 * stream + 1;
    table.readRow(row, this.row.rewind());
  }

  /** From now on rows are only taken. */
  end(): void {
    this.packed.drain();
  }

  serial(handle: number): number {
    return this.packed.lead(handle, LEAD.serial);
  }

  /** When a connection had its last packet. */
  lastNanos(handle: number): number {
    const last = this.packed.lead(handle, LEAD.last);
    return this.packed.lead(handle, LEAD.fine) === 0 ? last * MICROSECOND : last;
  }

  private scale(factor: number): void {
    const { fields, times } = this;
    for (const field of times) fields[field] = Math.round((fields[field] as number) * factor);
  }

  /** Where nothing was lost, octets were as many as sequence numbers went by. */
  private addSpans(sign: number): void {
    const { fields, words, numbers, first } = this;
    for (let side = 0; side < 2; side++) {
      const next = fields[words + side * WORDS + NEXT_SEQUENCE] as number;
      const span = (next - (fields[first + side] as number)) >>> 0;
      const octets = numbers + side * NUMBERS + OCTETS;
      fields[octets] = (fields[octets] as number) + sign * span;
    }
  }

  private order() {
    const { table } = this;
    const word = (what: number, side: number) => this.words + side * WORDS + what;
    const number = (what: number, side: number) => this.numbers + side * NUMBERS + what;
    const column = (name: string, side = 0) => table.fieldOf(name) + side;
    const both = <T>(of: (side: number) => T) => [of(0), of(1)];
    const lastNanos = this.last;
    const firstPacket = column('firstPacket');
    const firstNanos = column('firstNanos');
    const usual = [
      { field: column('serial') },
      { field: this.fine },
      { field: lastNanos },
      // Rows, flows and streams are given out together.
      { field: word(ID, 0), from: column('serial') },
      { field: column('flow'), from: word(ID, 0) },
      { field: column('stream'), from: column('flow') },
      { field: firstPacket },
      { field: firstNanos, from: lastNanos },
      { field: column('initiator') },
      { field: column('synCount') },
      ...both((side) => ({ field: word(FLAGS, side) })),
      ...both((side) => ({ field: word(NEXT_SEQUENCE, side) })),
      ...both((side) => ({ field: word(LAST_PACKET, side), from: firstPacket })),
      ...both((side) => ({ field: word(LAST_DATA_PACKET, side), from: word(LAST_PACKET, side) })),
      ...both((side) => ({ field: word(ACK_PACKET, side), from: word(LAST_PACKET, 1 - side) })),
      ...both((side) => ({ field: number(LAST_NANOS, side), from: lastNanos })),
      ...both((side) => ({ field: number(LAST_DATA_NANOS, side), from: number(LAST_NANOS, side) })),
      ...both((side) => ({ field: number(ACK_NANOS, side), from: number(LAST_NANOS, 1 - side) })),
      { field: column('synAckPacket'), from: firstPacket },
      { field: column('synAckNanos'), from: firstNanos },
      { field: column('synHopLimit', 0) },
      { field: column('synHopLimit', 1), from: column('synHopLimit', 0) },
      { field: column('synSegment', 0) },
      { field: column('synSegment', 1), from: column('synSegment', 0) },
      { field: column('socks') },
      // From here on they are usually zero.
      { field: word(ID, 1), from: word(ID, 0) },
      ...both((side) => ({
        field: column('first', side),
        from: word(NEXT_SEQUENCE, side),
        serial: true,
      })),
      ...both((side) => ({
        field: word(FURTHEST, side),
        from: word(NEXT_SEQUENCE, side),
        serial: true,
      })),
      ...both((side) => ({
        field: column('atPeerFin', side),
        from: column('first', side),
        serial: true,
      })),
      ...both((side) => ({ field: number(OCTETS, side) })),
      { field: column('synPacket'), from: firstPacket },
      { field: column('synNanos'), from: firstNanos },
      { field: column('lastSynPacket'), from: column('synPacket') },
      { field: column('lastSynNanos'), from: column('synNanos') },
      ...both((side) => ({ field: column('acknowledged', side) })),
    ];
    const told = new Set(usual.map(({ field }) => field));
    for (const side of [0, 1]) told.add(word(SENDER, side));
    const rest = Array.from({ length: table.width }, (_, field) => ({ field }));
    return [...usual, ...rest.filter(({ field }) => !told.has(field))];
  }
}
