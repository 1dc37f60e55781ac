import type {
  At,
  ClientFlightFact,
  PerRole,
  ProtectedFacts,
  RecordCounts,
  RecordFact,
  Role,
} from '../model/history.ts';
import type { Side } from '../model/stream.ts';
import { type ConnectionTable, RECORD_KINDS } from './connection-table.ts';
import { perRole } from './per-role.ts';
import type { Placement } from './placement.ts';
import { flightShape } from './record-sizes.ts';

/** How many records of each kind the roles of a row sent. */
export function recordsOf(
  { records }: ConnectionTable,
  row: number,
  client: Side,
): PerRole<RecordCounts> {
  return perRole(client, (side) => {
    const at = (row * 2 + side) * RECORD_KINDS;
    return {
      changeCipherSpec: records[at] as number,
      alert: records[at + 1] as number,
      handshake: records[at + 2] as number,
      applicationData: records[at + 3] as number,
      other: records[at + 4] as number,
    };
  });
}

/** The first ChangeCipherSpec of each role. */
export function changeCipherSpecOf(
  table: ConnectionTable,
  row: number,
  client: Side,
): PerRole<At | undefined> {
  return perRole(client, (side) => at(table.ccsPacket, table.ccsNanos, row * 2 + side));
}

/** What each role sent after its keys were in use. */
export function protectedRecordsOf(
  table: ConnectionTable,
  row: number,
  client: Side,
  placement: Placement,
): PerRole<ProtectedFacts> {
  return perRole(client, (side) => {
    const half = row * 2 + side;
    const from: Role = side === client ? 'client' : 'server';
    const fact = (
      packets: Int32Array,
      nanos: Float64Array,
      records: Int32Array,
    ): RecordFact | undefined => {
      const when = at(packets, nanos, half);
      if (when === undefined) return undefined;
      const record = records[half] as number;
      // To spread it here would take longer than all the rest of a history.
      return {
        packet: when.packet,
        nanos: when.nanos,
        from,
        contentType: record >>> 16,
        length: record & 0xffff,
        epoch: placement.lastEpoch(side),
        sequence: packets === table.lastPacket ? placement.lastSequence(side) : 0,
      };
    };
    return {
      count: table.protectedCount[half] as number,
      first: fact(table.firstPacket, table.firstNanos, table.firstRecord),
      last: fact(table.lastPacket, table.lastNanos, table.lastRecord),
      lastData: fact(table.dataPacket, table.dataNanos, table.dataRecord),
    };
  });
}

/** What the sizes of the records behind a ServerHello of TLS 1.3 show of the client's flight. */
export function clientFlightOf(
  table: ConnectionTable,
  row: number,
  client: Side,
): ClientFlightFact | undefined {
  const records = table.clientFlight[row] as number;
  const half = row * 2 + client;
  const when = at(table.firstPacket, table.firstNanos, half);
  if (records === 0 || when === undefined) return undefined;
  const shape = flightShape(
    (table.firstRecord[half] as number) & 0xffff,
    records,
    (table.suite[row] as number) - 1,
  );
  return shape && { ...when, shape, records };
}

function at(packets: Int32Array, nanos: Float64Array, index: number): At | undefined {
  const packet = packets[index] as number;
  return packet === 0 ? undefined : { packet, nanos: nanos[index] as number };
}
