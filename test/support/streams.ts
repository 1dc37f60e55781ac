import { CaptureReader } from '../../src/capture/capture-reader.ts';
import { FactsRecorder } from '../../src/connection/facts-recorder.ts';
import { RandomIndex } from '../../src/connection/random-index.ts';
import { TlsTracker } from '../../src/connection/tls-tracker.ts';
import { OwnerSearch } from '../../src/connection/unsealing/owner-search.ts';
import { Vault } from '../../src/connection/unsealing/vault.ts';
import { PacketDecoder } from '../../src/decode/decode-packet.ts';
import type { DecryptionFacts } from '../../src/model/decryption.ts';
import type { Side } from '../../src/model/stream.ts';
import { TlsStreams } from '../../src/tls/tls-streams.ts';
import { Clock } from '../../src/transport/clock.ts';
import { FlowTable } from '../../src/transport/flow-table.ts';
import { Tcp } from '../../src/transport/tcp.ts';
import { fakeCapture } from './fake-run.ts';
import type { Octets } from './hello-builder.ts';

/** Octets that one side sent, until the other spoke. */
export interface Turn {
  readonly side: Side;
  readonly octets: Octets;
  /** They are missing from the capture. */
  readonly isLost?: boolean;
}

const nothing = { notice() {} };
const none = () => {};

/** What the peers of each TCP connection of a capture said, in turns. */
export function conversationsOf(file: Octets): Turn[][] {
  const conversations: { side: Side; octets: Octets }[][] = [];
  const open = new Map<number, { side: Side; octets: Octets }[]>();
  const tcp = new Tcp(
    new FlowTable(),
    new Clock(),
    {
      octets(row, side, bytes, start, end) {
        let turns = open.get(row);
        if (turns === undefined) {
          turns = [];
          open.set(row, turns);
          conversations.push(turns);
        }
        const last = turns.at(-1);
        const more = bytes.slice(start, end);
        if (last?.side === side) last.octets = Uint8Array.from([...last.octets, ...more]);
        else turns.push({ side, octets: more });
      },
      gap: none,
      final: ({ row }) => open.delete(row),
    },
    nothing,
  );
  const transport = {
    tcp: (cursor: Parameters<Tcp['segment']>[0]) => tcp.segment(cursor),
    udp: none,
    icmpUnreachable: none,
    icmpQuote: none,
  };
  const decoder = new PacketDecoder(transport, nothing, { passedOver: none });
  const reader = new CaptureReader(decoder, nothing, fakeCapture(), {
    reader: 'native',
    firstPacketNumber: 1,
  });
  reader.push(file);
  reader.end();
  tcp.end();
  return conversations;
}

/** Opens the records of one TLS connection that comes in these pieces. */
export function unseal(pieces: readonly Turn[], keyLog: Octets): DecryptionFacts | undefined {
  const facts = new FactsRecorder();
  facts.owners = new OwnerSearch();
  const tracker = new TlsTracker(facts, new RandomIndex(), nothing);
  const streams = new TlsStreams(tracker, nothing);
  const vault = new Vault({ keyLogs: [keyLog], rsaKeys: [], psks: [] });
  tracker.unseal(vault, (row) => streams.dropBodies(row));
  streams.keepBodies();
  pieces.forEach(({ side, octets, isLost }, index) => {
    if (isLost) streams.gap(0, side, octets.length, index + 1, index + 1);
    else streams.octets(0, side, octets, 0, octets.length, index + 1, index + 1);
  });
  return facts.unsealed.get(tracker.rowOf(0))?.tally.facts();
}
