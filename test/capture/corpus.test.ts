import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type ReadCapture, readCapture } from '../support/read-capture.ts';

/** Real captures with what tshark found in them; too large to be part of the project. */
const CORPUS = fileURLToPath(new URL('../../../shared/corpus/', import.meta.url));

/** tshark ends at damage; we go on behind it. */
const PACKETS_BEYOND_DAMAGE: Readonly<Record<string, number>> = {
  'suricata__bug-1450-04__tls_DER-incomplete-header.pcap': 13,
};

interface Truth {
  readonly container: { readonly format: string; readonly packets?: number };
  /** Counts blocks that are no packets as well, as `frame.number` does. */
  readonly frames_read_by_tshark?: number;
}

const files = existsSync(CORPUS)
  ? readdirSync(CORPUS).filter((name) => existsSync(`${CORPUS}${name}.truth.json`))
  : [];
if (files.length === 0) console.log(`skipped: there is no corpus of real captures at ${CORPUS}`);

describe.skipIf(files.length === 0)('real captures', () => {
  it.each(files)('%s', (name) => {
    const truth: Truth = JSON.parse(readFileSync(`${CORPUS}${name}.truth.json`, 'utf8'));
    const stored = readFileSync(CORPUS + name);
    const file = name.endsWith('.gz') ? gunzipSync(stored) : stored;

    const whole = readCapture(file);
    const { format, packets } = truth.container;
    if (format === 'other') {
      expect(whole.problem).toBeDefined();
      return;
    }
    expect(whole.facts.format).toBe(format);
    expect(whole.facts.frames).toBe(
      PACKETS_BEYOND_DAMAGE[name] ?? truth.frames_read_by_tshark ?? packets,
    );
    expect(isSame(readCapture(file, 1000), whole)).toBe(true);
    expect(isSame(readCapture(file, 5000, { reader: 'pcap-parser' }), whole)).toBe(true);
  });
});

/** Compares in a few large pieces: comparing thousands of packets field by field takes minutes. */
function isSame(one: ReadCapture, other: ReadCapture): boolean {
  const texts = [one, other].map((capture) =>
    JSON.stringify({ ...capture, packets: capture.packets.map(({ octets: _, ...rest }) => rest) }),
  );
  const [first, second] = [one, other].map(({ packets }) =>
    Buffer.concat(packets.map(({ octets }) => octets)),
  ) as [Buffer, Buffer];
  return texts[0] === texts[1] && first.equals(second);
}
