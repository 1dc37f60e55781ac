import { z } from 'zod';
import { OBSTACLES, SECRET_SOURCES } from '../model/decryption.ts';
import { ECH_OUTCOMES, OUTCOMES, STAGES } from '../model/history.ts';
import { STACKS } from '../model/stack.ts';
import { UPGRADES } from '../model/upgrade.ts';
import {
  blindSpot,
  captureIndex,
  count,
  endpoint,
  hex,
  otherCapture,
  packet,
  role,
  time,
  version,
} from './schema-parts.ts';

const namedEndpoint = endpoint.extend({
  name: z
    .string()
    .optional()
    .describe('Name that the pcapng file gives for the address, where it does so in front of it'),
});

const records = z.object({
  handshake: count,
  changeCipherSpec: count,
  alert: count,
  applicationData: count,
  other: count,
});

const tcpClose = z
  .object({ kind: z.enum(['fin', 'rst']), packet: packet, capture: otherCapture })
  .nullable();

const stackGuess = z
  .object({ stack: z.enum(STACKS), habits: z.array(z.string()).min(2) })
  .nullable();

/** One TLS connection or DTLS association. */
export const connectionSchema = z.object({
  id: z.int().positive().describe('From 1, by first packet'),
  capture: captureIndex.describe('Index into `captures` of its first packet'),
  protocol: z.enum(['TLS', 'DTLS']),
  transport: z.enum(['tcp', 'udp']),
  stream: count.describe(
    'tcp.stream or udp.stream in Wireshark; of several captures, after they were put together with mergecap',
  ),
  client: namedEndpoint.describe('Who sends the ClientHello'),
  server: namedEndpoint,
  firstPacket: packet,
  lastPacket: packet,
  lastCapture: otherCapture,
  startTime: time,
  endTime: time,
  versionsOffered: z.array(version),
  version: version.nullable(),
  versionDraft: z
    .string()
    .optional()
    .describe('The draft of TLS 1.3 that it is: `draft 23`, `Facebook’s draft 23`'),
  cipherSuite: z.object({ code: count, name: z.string() }).nullable(),
  serverName: z.string().nullable(),
  alpn: z.string().nullable(),
  upgrade: z
    .enum(UPGRADES)
    .nullable()
    .describe('What TLS began behind (STARTTLS and the like, proxies); null: it began at once'),
  target: z
    .object({ host: z.string(), port: endpoint.shape.port })
    .optional()
    .describe('Whom a proxy was asked to connect to'),
  proxied: z
    .object({ source: endpoint, destination: endpoint })
    .optional()
    .describe('The ends that a PROXY header in front names'),
  innerTls: z
    .object({ packet: packet, capture: otherCapture, serverName: z.string().nullable() })
    .optional()
    .describe('A ClientHello inside the protected data, where secrets show one'),
  clientRandom: hex.nullable(),
  serverRandom: hex.nullable(),
  fingerprints: z
    .object({ ja3: hex.nullable(), ja3s: hex.nullable(), ja4: z.string().nullable() })
    .describe('Of the ClientHello (the second, where there are two) and of the ServerHello'),
  stackGuess: z
    .object({ client: stackGuess, server: stackGuess })
    .describe(
      'The TLS stack that each side seems to have, by habits of its hello: a guess, and what it rests on; null where fewer than two habits agree',
    ),
  resumed: z.boolean().nullable(),
  extendedMasterSecret: z.boolean().nullable(),
  encryptThenMac: z.boolean().nullable(),
  ech: z
    .enum(ECH_OUTCOMES)
    .nullable()
    .describe(
      'Encrypted ClientHello, or GREASE, which looks the same; accepted: `serverName` is the public name of the ECH configuration and not the one asked for; rejected: the server went on with the outer ClientHello; offered: not to be seen',
    ),
  innerServerName: z
    .string()
    .nullable()
    .describe('The name in the encrypted ClientHello, where ECH_SECRET and ECH_CONFIG open it'),
  connectionIds: z
    .object({
      extension: count.nullable().describe('Code point; null: seen in records, not negotiated'),
      toClient: hex.nullable(),
      toServer: hex.nullable(),
    })
    .nullable()
    .describe('DTLS: what records carry to each side, empty for no id (RFC 9146); null: none'),
  paths: z
    .array(
      z.object({
        stream: count,
        client: endpoint,
        server: endpoint,
        firstPacket: packet,
        capture: otherCapture,
        records: z.object({ client: count, server: count }),
      }),
    )
    .optional()
    .describe('Other addresses and ports on which the connection went on, by its ids'),
  outcome: z.enum(OUTCOMES),
  stage: z.enum(STAGES).describe('What was due next when the handshake stopped'),
  handshake: z
    .array(z.object({ type: z.string(), from: role, packet: packet, capture: otherCapture }))
    .describe('Messages in the order in which their last byte was first seen'),
  records: z
    .object({ client: records, server: records })
    .describe('Complete records: over TCP once however often retransmitted, over UDP each one'),
  missingRecords: z
    .object({ client: count, server: count })
    .optional()
    .describe(
      'DTLS: record numbers that no record of the capture has, at least; lost on the way or in the capture',
    ),
  alerts: z.array(
    z.object({
      level: z.enum(['warning', 'fatal']).nullable(),
      description: z.string().nullable().describe('null: protected and not opened'),
      from: role,
      packet: packet,
      capture: otherCapture,
      encrypted: z.boolean(),
    }),
  ),
  heartbeats: z
    .array(
      z.object({
        type: z.enum(['request', 'response']).nullable(),
        from: role,
        packet: packet,
        capture: otherCapture,
        count,
        octets: count,
        payloadLength: count.nullable(),
      }),
    )
    .optional()
    .describe(
      'The first heartbeat record of each side, and the first that claims more payload than it has room for, with how many (RFC 6520); null: protected. They count as `other`',
    ),
  close: z
    .object({ client: tcpClose, server: tcpClose })
    .nullable()
    .describe('How each side ended the TCP connection; null over UDP'),
  decryption: z
    .object({
      source: z.enum(SECRET_SOURCES).nullable().describe('null: no secret fits'),
      authenticated: count.describe('Protected records that opened'),
      failed: count.describe('Those that did not authenticate'),
      skipped: count.describe('Those that could not be tried'),
      obstacle: z.enum(OBSTACLES).nullable().describe('Why records could not be opened'),
      detail: z.string().nullable(),
      finished: z
        .object({ client: z.boolean().nullable(), server: z.boolean().nullable() })
        .describe(
          'Whether recomputing the Finished of each side gave what it sent; null where that is not known',
        ),
    })
    .nullable()
    .describe('null without secrets'),
  blindSpots: z.array(blindSpot),
});
