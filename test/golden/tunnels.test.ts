import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Analysed, analyse } from '../support/analyse.ts';
import { pcapFile } from '../support/capture-builder.ts';
import { readCapture } from '../support/read-capture.ts';

/** Captures of `samples/tunnels`: an interface for each link type or tunnel, taken apart so that each stands alone. */
const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));

/** A line of `wrapped.json`: what tshark told of an interface when it stood alone. */
interface Wrapped {
  readonly name: string;
  readonly linkType: number;
  readonly packets: number;
  /** `tcp STREAM TYPE@FRAME` of each hello. */
  readonly hellos: readonly string[];
}

const WRAPPED: readonly Wrapped[] = JSON.parse(
  readFileSync(`${SAMPLES}tunnels/wrapped.json`, 'utf8'),
);
const unpacked = (name: string): Buffer => gunzipSync(readFileSync(`${SAMPLES}tunnels/${name}`));
const { packets } = readCapture(unpacked('wrapped.pcapng.gz'));

const alone = (index: number, linkType: number): Analysed =>
  analyse(pcapFile({ linkType, packets: packets.filter((one) => one.interfaceIndex === index) }));

/** Hellos and HelloVerifyRequest, as `wrapped.json` has them. */
const hellosOf = ({ connections }: Analysed): string[] =>
  connections
    .flatMap(({ transport, stream, messages }) =>
      messages
        .filter(({ type }) => type !== null && type >= 1 && type <= 3)
        .map(({ type, packet }) => ({ packet, text: `${transport} ${stream} ${type}@${packet}` })),
    )
    .sort((a, b) => a.packet - b.packet)
    .map(({ text }) => text);

/** What is wrong in the two conversations, whatever carries them. */
const RULES = ['bad-record-mac-first-record', 'bad-record-mac-first-record'];
/** Kinds that hide the conversations. */
const HIDING: Readonly<Record<string, string | undefined>> = {
  ESP: 'ESP (IPsec)',
  MACsec: 'MACsec',
  'protected 802.11': 'protected 802.11',
  'PPPoE discovery': 'PPPoE discovery',
};

describe('packets that scapy wrapped', () => {
  it.each(WRAPPED.map((one, index) => ({ ...one, index })).filter(({ name }) => !HIDING[name]))(
    '$name: the same hellos in the same packets and streams as tshark, and the same findings',
    ({ index, linkType, packets, hellos }) => {
      const found = alone(index, linkType);
      expect(found.result.packets).toBe(packets);
      expect(hellosOf(found)).toEqual(hellos);
      expect(found.findings.map(({ rule }) => rule).toSorted()).toEqual(RULES);
      expect(found.result.notices).toEqual([[]]);
    },
  );

  it.each(WRAPPED.map((one, index) => ({ ...one, index })).filter(({ name }) => HIDING[name]))(
    '$name: hidden, and named',
    ({ name, index, linkType, packets, hellos }) => {
      const { connections, result } = alone(index, linkType);
      expect(hellos).toEqual([]);
      expect(connections).toEqual([]);
      expect(result.captures[0]?.passedOver).toEqual([
        { kind: HIDING[name], packets, firstPacket: 1 },
      ]);
    },
  );
});

describe('conversations through tunnels and interfaces of Linux', () => {
  const live = analyse(unpacked('live.pcapng.gz'));

  it('have their hellos in the packets and streams of tshark', () => {
    expect(hellosOf(live)).toEqual(JSON.parse(readFileSync(`${SAMPLES}tunnels/live.json`, 'utf8')));
  });

  it('are whole and sound', () => {
    expect(live.connections.map(({ protocol, outcome }) => `${protocol} ${outcome}`)).toEqual([
      ...['TLS', 'TLS', 'TLS', 'TLS', 'DTLS'].map((protocol) => `${protocol} established`),
    ]);
    expect(live.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(live.result.notices).toEqual([[]]);
  });

  it('come by every way that the recipe names', () => {
    const { interfaces } = readCapture(unpacked('live.pcapng.gz')).facts;
    expect(interfaces.map(({ linkType }) => linkType)).toEqual([1, 101, 113, 276, 1]);
  });
});
