import { z } from 'zod';
import { BLIND_SPOTS } from '../model/finding.ts';

/* What the schemas of the report have in common. */

/** A number of things; 0 where there are none, never left out. */
export const count = z.int().nonnegative();
/** The packet as a user finds it again: in the file that it came from. */
export const packet = z
  .int()
  .positive()
  .describe('Frame number as in Wireshark, from 1 over all packets of the file');
/** Which of the files of a run, in the order in which they were given. */
export const captureIndex = count.describe('Index into `captures`');
/** Of packets, never of the clock of the machine that runs this. */
export const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)
  .describe('RFC 3339 date in UTC, nine decimals');
/** Octets, two lower-case digits each, for people to compare and for programs to decode. */
export const hex = z.string().regex(/^([0-9a-f]{2})*$/);
/** Deduced from the hellos, not from ports. */
export const role = z.enum(['client', 'server']);
/** A protocol version by name. */
export const version = z
  .string()
  .describe('SSL 2.0 to TLS 1.3, DTLS 1.0 to DTLS 1.3; unknown_0x… for others');
/** What the capture lacks for a judgement. */
export const blindSpot = z.enum(BLIND_SPOTS);
/** For what may reach over the end of a file. */
export const otherCapture = captureIndex
  .optional()
  .describe('Present only where the packet lies in another capture than the first packet');
/** One end of a connection. */
export const endpoint = z.object({
  address: z.string().describe('Textual; RFC 5952 for IPv6'),
  port: z.int().min(0).max(65535),
});
