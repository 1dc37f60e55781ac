import { z } from 'zod';
import { FAULT_SIDES } from '../model/fault.ts';
import { CONFIDENCES, SEVERITIES } from '../model/finding.ts';
import { ECH_OUTCOMES } from '../model/history.ts';
import { SOUND_ODDITIES } from '../model/sound-oddities.ts';
import { type caseSchema, checksSchema } from './schema-checks.ts';
import { connectionSchema } from './schema-connection.ts';
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

/*
 * The one source of what `--format json` means: types, validator and the published JSON Schema all come from here. The
 * writers of the report are hand-made for speed and import only the types, so that `analyze` never loads zod; tests hold
 * the two together. Fields may be added; none is renamed or removed without a new schema id.
 */

/** Identifies the shape of the report; changes when a field is renamed or removed. */
export const SCHEMA_ID = 'tlsdiag.report/1';

/** One capture file that was read. */
const captureSchema = z.object({
  path: z.string(),
  format: z.enum(['pcap', 'pcapng']).nullable().describe('null: not recognised'),
  compression: z.enum(['gzip', 'zstd', 'lz4', 'xz']).nullable(),
  bytes: count.describe('Size of the file as stored'),
  packets: count,
  firstTime: time.nullable(),
  lastTime: time.nullable(),
  interfaces: z.array(
    z.object({
      linkType: z
        .string()
        .describe('Name, or the LINKTYPE number in decimal when it has none here'),
      snapLength: count,
      name: z.string().nullable(),
      dropped: count.nullable().describe('Packets that the capturing host reports as dropped'),
    }),
  ),
  notices: z
    .array(
      z.object({
        code: z.string(),
        packet: packet.nullable().describe('null: about the file as a whole'),
        message: z.string(),
      }),
    )
    .describe('What could not be read, and where'),
  noticesOmitted: z.record(z.string(), count).describe('Further notices per code, counted only'),
  comments: z
    .array(
      z.object({
        packet: packet.nullable().describe('null: about the file as a whole'),
        text: z.string(),
      }),
    )
    .describe('What somebody noted in the pcapng file'),
  commentsOmitted: count.describe('Further comments'),
  hostNames: z
    .array(z.object({ address: endpoint.shape.address, names: z.array(z.string()).min(1) }))
    .describe('Names that the pcapng file gives for addresses'),
  hostNamesOmitted: count.describe('Further addresses with names'),
  passedOver: z
    .array(z.object({ kind: z.string(), packets: count, firstPacket: packet }))
    .describe('What packets were that lead to no TCP or UDP, or hide what they carry; by kind'),
});

/** One thing that is wrong, with the packets that show it. */
const findingSchema = z.object({
  id: z.int().positive(),
  rule: z.string().describe('What `tlsdiag explain` takes'),
  severity: z.enum(SEVERITIES),
  confidence: z.enum(CONFIDENCES),
  title: z.string(),
  summary: z.string(),
  connections: z.array(z.int().positive()).describe('Ids, owner first'),
  packets: z.array(packet).describe('The decisive packets'),
  packetCaptures: z
    .array(captureIndex)
    .optional()
    .describe('The capture of each of `packets`; present only in runs over several captures'),
  time: time,
  evidence: z.array(
    z.object({
      capture: captureIndex,
      packet: packet,
      time: time,
      connection: z.int().positive().nullable(),
      from: role.nullable(),
      note: z.string(),
    }),
  ),
  explanations: z
    .array(
      z.object({
        likelihood: z.enum(['high', 'medium', 'low']),
        text: z.string(),
        for: z.array(z.string()),
        against: z.array(z.string()),
      }),
    )
    .describe('Readings of the evidence that compete'),
  causes: z.array(z.string()),
  remedies: z.array(z.string()),
  commands: z.array(z.string()).describe('Next steps; CAPITALS stand for what only you know'),
  references: z.array(z.object({ title: z.string(), url: z.string() })),
  displayFilter: z
    .string()
    .describe(
      'Wireshark display filter that shows the evidence; of several captures, that in the first one of `packetCaptures`',
    ),
  displayFilters: z
    .array(z.object({ capture: captureIndex, filter: z.string() }))
    .optional()
    .describe('A filter for each capture that has evidence; present only in runs over several'),
  table: z.array(z.array(z.string())).nullable().describe('A heading row, then rows'),
});

/** Whose fault a failed or aborted connection probably is. */
const faultSchema = z.object({
  connection: z.int().positive().describe('Id'),
  endedBy: role.nullable().describe('Who ended it, and so noticed; null: nobody that can be seen'),
  ending: z
    .object({ how: z.string(), capture: captureIndex, packet: packet, time: time })
    .nullable(),
  likelier: z.enum(FAULT_SIDES).describe('network: the path, and every device on it'),
  confidence: z.enum(CONFIDENCES).nullable().describe('null: undecided'),
  rules: z.array(z.string()).describe('Rules whose findings it follows, or that leave it open'),
  for: z.array(z.string()).describe('Where undecided, what would speak for each side'),
  against: z.array(z.string()),
  settle: z.array(z.string()).describe('Which log, key log or capture would settle it'),
});

/** One QUIC connection: named by its first packets, not analysed. */
const quicSchema = z.object({
  capture: captureIndex.describe('Index into `captures` of its first packet'),
  stream: count.describe('udp.stream in Wireshark'),
  client: endpoint.describe('Where `rolesKnown` is false, who was seen first'),
  server: endpoint,
  rolesKnown: z.boolean().describe('Whether an Initial packet of the client opened'),
  firstPacket: packet,
  startTime: time,
  lastPacket: packet.describe('The last packet with a long header'),
  lastCapture: otherCapture,
  endTime: time,
  quicVersion: z.string().describe('v1, v2, draft-29, …; 0x… for others'),
  version: version.nullable().describe('What the ServerHello chose'),
  cipherSuite: z.object({ code: count, name: z.string() }).nullable(),
  serverName: z.string().nullable(),
  alpn: z.array(z.string()).describe('Those offered; the choice is encrypted'),
  fingerprints: z.object({ ja3: hex.nullable(), ja3s: hex.nullable(), ja4: z.string().nullable() }),
  ech: z
    .enum(ECH_OUTCOMES)
    .nullable()
    .describe('As for `connections`; what became of it is not looked into'),
  versionsOffered: z.array(version),
  clientRandom: hex.nullable(),
  clientHello: z
    .object({
      cipherSuites: z.array(count),
      extensions: z.array(count),
      supportedGroups: z.array(count),
      signatureAlgorithms: z.array(count),
    })
    .nullable()
    .describe('Code points in the order of the wire; null where it was not captured or not opened'),
});

/** The totals of a run. */
const summarySchema = z.object({
  packets: count,
  flows: count.describe('TCP streams and UDP flows, TLS or not'),
  connections: count.describe('Those reported here'),
  outcomes: z.object({
    established: count,
    failed: count,
    aborted: count,
    incomplete: count,
    'no-handshake': count,
  }),
  findings: z.object({ critical: count, error: count, warning: count, info: count }),
  findingsOmitted: z.record(z.string(), count).describe('Further findings per rule, counted only'),
  faultsOmitted: count.optional().describe('Failed connections beyond the limit of `faults`'),
  repeated: z
    .array(
      z.object({
        rule: z.string(),
        title: z.string(),
        severity: z.enum(SEVERITIES),
        confidence: z.enum(CONFIDENCES),
        server: z
          .string()
          .nullable()
          .describe('Address and port; null for findings without one, or with too many to tell'),
        occurrences: count,
        omitted: count.describe('Of these, those that are counted only'),
        findings: z.array(z.int().positive()).describe('Numbers of the first of them'),
        firstTime: time.describe('Of this title at any server, like `lastTime`'),
        lastTime: time,
      }),
    )
    .describe('Findings that say the same more than a few times, one entry for each server'),
  coverage: z
    .array(
      z.object({
        rule: z.string(),
        assessed: count,
        notAssessable: z.partialRecord(blindSpot, count),
      }),
    )
    .describe('A row for every rule that could not judge some connection, and why'),
  quic: z
    .object({
      connections: count.describe('Those in `quic`'),
      omitted: count.describe('Further 5-tuples with QUIC, counted only'),
    })
    .describe('QUIC connections are named, not analysed; none of them is in `connections`'),
  oddities: z
    .array(z.object({ kind: z.enum(SOUND_ODDITIES), connections: count }))
    .describe('What is normal and looks odd, by how many completed connections have it'),
  filteredOut: count.optional().describe('Connections that options like --host left out'),
  interrupted: z.boolean().optional().describe('true: the reading was stopped early'),
});

/** The whole document that `--format json` writes. */
export const reportSchema = z
  .object({
    schema: z.literal(SCHEMA_ID),
    tool: z.object({ name: z.literal('tlsdiag'), version: z.string() }),
    captures: z.array(captureSchema),
    connections: z.array(connectionSchema),
    findings: z.array(findingSchema),
    faults: z
      .array(faultSchema)
      .describe('One for each connection of outcome failed or aborted, up to a limit'),
    quic: z.array(quicSchema),
    ...checksSchema.shape,
    summary: summarySchema,
  })
  .describe('Report of tlsdiag on one or more packet captures');

/** One line of `--format ndjson`: the same objects, each with its kind. */
export const lineSchema = z.discriminatedUnion('kind', [
  captureSchema.extend({ kind: z.literal('capture') }),
  connectionSchema.extend({ kind: z.literal('connection') }),
  findingSchema.extend({ kind: z.literal('finding') }),
  faultSchema.extend({ kind: z.literal('fault') }),
  quicSchema.extend({ kind: z.literal('quic') }),
  summarySchema.extend({
    ...checksSchema.shape,
    kind: z.literal('summary'),
    schema: z.literal(SCHEMA_ID),
    tool: z.object({ name: z.literal('tlsdiag'), version: z.string() }),
  }),
]);

export type Report = z.infer<typeof reportSchema>;
export type ReportCapture = z.infer<typeof captureSchema>;
export type ReportConnection = z.infer<typeof connectionSchema>;
export type ReportFault = z.infer<typeof faultSchema>;
export type ReportFinding = z.infer<typeof findingSchema>;
export type ReportQuic = z.infer<typeof quicSchema>;
export type ReportSummary = z.infer<typeof summarySchema>;
export type ReportChecks = z.infer<typeof checksSchema>;
export type ReportExpectationCase = z.infer<typeof caseSchema>;
export type ReportLine = z.infer<typeof lineSchema>;

/** JSON Schema (draft 2020-12) of the report. Fields it does not name are allowed: later versions may add some. */
export function publishedSchema(): object {
  return {
    $id: `https://tlsdiag.invalid/${SCHEMA_ID}`,
    ...z.toJSONSchema(reportSchema, { io: 'input', reused: 'inline' }),
  };
}
