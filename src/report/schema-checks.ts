import { z } from 'zod';
import { EXPECTATION_VERDICTS, KNOWN_STATES } from '../model/check.ts';
import { SEVERITIES } from '../model/finding.ts';
import { captureIndex, count, packet } from './schema-parts.ts';

/** Where an expectation was not met or not judged; a connection or a packet, as far as it has them. */
export const caseSchema = z.object({
  connection: z.int().positive().nullable(),
  capture: captureIndex.nullable(),
  packet: packet.nullable(),
  text: z.string(),
});

/** What the run was held against besides the rules. */
export const checksSchema = z.object({
  expectations: z
    .object({
      path: z.string(),
      results: z.array(
        z.object({
          expectation: z.string().describe('In words'),
          scope: z.string().describe('Which connections it is about; empty: all'),
          note: z.string(),
          verdict: z
            .enum(EXPECTATION_VERDICTS)
            .describe('unproven: nothing contradicts it, and the capture does not show it'),
          assessed: count.describe('Connections or findings that it could be held against'),
          failures: z.array(caseSchema).describe('The first ones'),
          failureCount: count,
          unproven: z.array(caseSchema).describe('Where it could not be judged; the first ones'),
          unprovenCount: count,
        }),
      ),
    })
    .optional()
    .describe('Present only with --expect'),
  baseline: z
    .object({
      path: z.string(),
      entries: z.array(
        z.object({
          rule: z.string(),
          scope: z.string(),
          severity: z.enum(SEVERITIES).nullable(),
          reason: z.string(),
          until: z.string().nullable(),
          state: z
            .enum(KNOWN_STATES)
            .describe('stale: it hid nothing; unused: the same, where a part was looked at'),
          findings: count.describe('Those that it hid'),
          connections: count.describe('Those in the capture that it is about'),
        }),
      ),
      suppressed: z
        .array(
          z.object({
            entry: count.describe('Index into `entries`'),
            rule: z.string(),
            severity: z.enum(SEVERITIES),
            title: z.string(),
            connections: z.array(z.int().positive()),
            packets: z.array(packet),
            packetCaptures: z.array(captureIndex).optional(),
          }),
        )
        .describe('Findings that are known, the first ones; none of them is in `findings`'),
      suppressedCount: count,
    })
    .optional()
    .describe('Present only with --baseline'),
});
