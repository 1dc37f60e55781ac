import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PacketDecoder } from '../../src/decode/decode-packet.ts';
import { analyse } from './analyse.ts';
import type { Octets } from './hello-builder.ts';
import type { Peer, UdpFlow } from './network.ts';
import { readCapture } from './read-capture.ts';

/** A datagram of a sample. */
export interface Datagram {
  readonly from: Peer;
  readonly octets: Octets;
  readonly nanos: number;
}

export const fileOf = (name: string): Octets =>
  new Uint8Array(
    readFileSync(fileURLToPath(new URL(`../../samples/${name}/capture.pcap`, import.meta.url))),
  );

/** The datagrams of a sample's first 5-tuple, as OpenSSL and others sent them; the client is who sends the first. */
export function datagramsOf(name: string): Datagram[] {
  const found: Datagram[] = [];
  const nothing = { notice() {} };
  let client = -1;
  let first = 0;
  const decoder = new PacketDecoder(
    {
      tcp() {},
      udp({ bytes, payloadOffset, payloadLength, sourcePort, destinationPort, packet }) {
        if (client < 0) client = sourcePort;
        if (client !== sourcePort && client !== destinationPort) return;
        const nanos = packet.seconds * 1e9 + packet.nanos;
        if (first === 0) first = nanos;
        found.push({
          from: sourcePort === client ? 'client' : 'server',
          octets: bytes.slice(payloadOffset, payloadOffset + payloadLength),
          nanos: nanos - first,
        });
      },
    },
    nothing,
    { passedOver() {} },
  );
  for (const { octets, packetNumber, seconds, nanos } of readCapture(fileOf(name)).packets)
    decoder.packet({
      bytes: octets,
      view: new DataView(octets.buffer, octets.byteOffset, octets.length),
      offset: 0,
      capturedLength: octets.length,
      originalLength: octets.length,
      linkType: 1,
      interfaceIndex: 0,
      packetNumber,
      seconds,
      nanos,
    });
  return found;
}

/** What was concluded, without the packets. */
export function verdicts(file: Octets) {
  const { connections, findings } = analyse(file);
  return {
    connections: connections.map((c) => [
      c.id,
      c.stream,
      c.outcome,
      c.stage,
      c.version,
      c.serverName,
      c.records,
      c.messages.map(({ type, from }) => `${from} ${type}`),
    ]),
    findings: findings.map(({ rule, confidence, severity, connections: about }) => [
      rule,
      confidence,
      severity,
      about,
    ]),
  };
}

/** Plays a sample onto a flow. */
export function play(
  flow: UdpFlow,
  datagrams: readonly Datagram[],
  each?: (n: number) => void,
): UdpFlow {
  datagrams.forEach(({ from, octets, nanos }, n) => {
    flow.nanos = nanos;
    flow.datagram(from, octets);
    each?.(n);
  });
  return flow;
}
