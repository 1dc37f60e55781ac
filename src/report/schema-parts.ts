import { z } from 'zod';
import { BLIND_SPOTS } from '../model/finding.ts';

/* What the schemas of the report have in common. */

export const count = z.int().nonnegative();
export const packet = z
  .int()
  .positive()
  .describe('Frame number as in Wireshark, from 1 over all packets of the file');
export const captureIndex = count.describe('Index into `captures`');
export const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)
  .describe('RFC 3339 date in UTC, nine decimals');
export const hex = z.string().regex(/^([0-9a-f]{2})*$/);
export const role = z.enum(['client', 'server']);
export const version = z
  .string()
  .describe('SSL 2.0 to TLS 1.3, DTLS 1.0 to DTLS 1.3; unknown_0x… for others');
export const blindSpot = z.enum(BLIND_SPOTS);
export const otherCapture = captureIndex
  .optional()
  .describe('Present only where the packet lies in another capture than the first packet');
export const endpoint = z.object({
  address: z.string().describe('Textual; RFC 5952 for IPv6'),
  port: z.int().min(0).max(65535),
});
