import type { AnalysisResult } from '../../src/model/analysis.ts';
import type { Fault } from '../../src/model/fault.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { CaptureFacts, PacketPlaces } from '../../src/model/packet.ts';
import { MILLISECOND } from '../../src/model/time.ts';
import { Places } from '../../src/pipeline/packet-places.ts';
import { type Ending, Tally } from '../../src/report/reporter.ts';

/** 2024-05-01T12:00:00Z: the whole second in which fake captures begin. */
export const FAKE_EPOCH = 1_714_564_800;

/** A finding with a word in every place, except for what is given. */
export function fakeFinding(given: Partial<Finding> = {}): Finding {
  const packets = given.packets ?? [4];
  return {
    rule: 'fake-rule',
    severity: 'error',
    confidence: 'likely',
    title: 'Something is wrong',
    summary: 'Packet 4 shows it.',
    connections: [1],
    packets,
    nanos: (packets[0] ?? 0) * MILLISECOND,
    evidence: packets.map((packet) => ({
      packet,
      nanos: packet * MILLISECOND,
      connection: 1,
      from: 'client',
      note: `what packet ${packet} shows`,
    })),
    explanations: [],
    causes: ['a cause'],
    remedies: ['a remedy'],
    commands: ['openssl s_client -connect HOST:443'],
    references: [{ title: 'RFC 5246 §7.2.2', url: 'https://www.rfc-editor.org/rfc/rfc5246' }],
    displayFilter: `frame.number in {${packets.join(',')}}`,
    ...given,
  };
}

/** The server is likelier at fault for connection 1, which the client ended. */
export function fakeFault(given: Partial<Fault> = {}): Fault {
  return {
    connection: 1,
    ending: {
      packet: 4,
      nanos: 4 * MILLISECOND,
      by: 'client',
      how: 'the fatal alert unknown_ca (48)',
    },
    likelier: 'server',
    confidence: 'likely',
    rules: ['fake-rule'],
    for: ['Something is wrong'],
    against: ['packet 4 may be of somebody else'],
    settle: ['the log of the server process at the time of packet 4'],
    ...given,
  };
}

export function fakeCapture(given: Partial<CaptureFacts> = {}): CaptureFacts {
  return {
    path: 'case.pcap',
    format: 'pcap',
    compression: null,
    octets: 4096,
    packets: 34,
    frames: 0,
    cutPackets: 0,
    largestPacket: 0,
    firstTime: { seconds: FAKE_EPOCH, nanos: 1_000_000 },
    lastTime: { seconds: FAKE_EPOCH, nanos: 34_000_000 },
    interfaces: [{ linkType: 1, snapLength: 262_144 }],
    comments: [],
    commentsOmitted: 0,
    hostNames: new Map(),
    hostNamesOmitted: 0,
    ...given,
  };
}

/** Captures that were read one after the other. */
export function fakePlaces(captures: readonly CaptureFacts[]): PacketPlaces {
  const places = new Places(captures.length > 1);
  let first = 1;
  captures.forEach(({ path, packets }, index) => {
    places.paths.push(path);
    places.follow(first, index, 1);
    first += packets;
  });
  return places;
}

export function fakeResult(given: Partial<AnalysisResult> = {}): AnalysisResult {
  const captures = given.captures ?? [fakeCapture()];
  return {
    captures,
    notices: captures.map(() => []),
    noticesOmitted: captures.map(() => ({})),
    epochSeconds: FAKE_EPOCH,
    packets: captures.reduce((sum, { packets }) => sum + packets, 0),
    flows: 1,
    tcpStreams: 1,
    connections: 1,
    outcomes: { established: 1, failed: 0, aborted: 0, incomplete: 0, 'no-handshake': 0 },
    coverage: [],
    findingsOmitted: {},
    faultsOmitted: 0,
    omittedAlike: [],
    secrets: undefined,
    quic: { connections: [], omitted: 0 },
    oddities: [],
    internalErrors: 0,
    ...given,
  };
}

export function fakeEnding(given: Partial<Ending> = {}): Ending {
  return { result: fakeResult(), tally: new Tally(), selection: '', interrupted: false, ...given };
}
