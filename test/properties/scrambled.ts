/**
 * Captures of the samples, mangled: packets lost, ends cut off, packets cut short, other people's connections between
 * them. And what may be said of them: what is said of the whole capture, or less.
 */
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import type { Confidence, Finding, Severity } from '../../src/model/finding.ts';
import { CATALOGUE } from '../../src/rules/catalogue.ts';
import { type Analysed, analyse } from '../support/analyse.ts';
import {
  type BlockPacketSpec,
  enhancedPacket,
  interfaceBlock,
  pcapngFile,
} from '../support/capture-builder.ts';
import type { Octets } from '../support/hello-builder.ts';
import { type Frame, MS } from '../support/network.ts';
import { Cipherlike } from '../support/protection.ts';
import { readCapture } from '../support/read-capture.ts';
import { sampleFile } from '../support/sample-handshakes.ts';
import { honestTls, play } from './honest.ts';
import { OUTSIDE, outsidePort, type View, viewed, wayOf } from './views.ts';

// ------------------------------------------------------------------------------------------------ mangling

/** A packet of a sample: its time counts from the sample's first. */
export interface Taken extends Frame {
  readonly originalLength: number;
}

export interface Sample {
  readonly name: string;
  readonly linkType: number;
  readonly packets: readonly Taken[];
  readonly keyLog: Uint8Array | undefined;
}

export function readSample(name: string): Sample {
  const { packets } = readCapture(sampleFile(name, 'capture.pcap'));
  const [first] = packets;
  if (first === undefined) throw new Error(`${name} is empty`);
  const keys = new URL(`../../samples/${name}/keys.log`, import.meta.url);
  return {
    name,
    linkType: first.linkType,
    packets: packets.map(({ octets, seconds, nanos, originalLength }) => ({
      octets: Uint8Array.from(octets),
      nanos: (seconds - first.seconds) * 1e9 + nanos - first.nanos,
      originalLength,
    })),
    keyLog: existsSync(keys) ? sampleFile(name, 'keys.log') : undefined,
  };
}

/** One thing that happens to a capture. Shares are of its packets; the seed says which. */
export type Harm =
  | { readonly kind: 'few'; readonly places: readonly number[] }
  | { readonly kind: 'scattered'; readonly share: number; readonly seed: number }
  | {
      readonly kind: 'one-way';
      readonly share: number;
      readonly seed: number;
      readonly way: number;
    }
  | { readonly kind: 'gap'; readonly from: number; readonly share: number }
  | { readonly kind: 'end'; readonly share: number }
  | { readonly kind: 'beginning'; readonly share: number }
  | { readonly kind: 'cut-packets'; readonly octets: number }
  | View;

const share = fc.integer({ min: 1, max: 999 }).map((n) => n / 1000);
const seed = fc.nat(1_000_000);
const harm: fc.Arbitrary<Harm> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('few' as const),
      places: fc.array(share, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('scattered' as const),
      share: share.map((s) => s / 2),
      seed,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('one-way' as const), share, seed, way: fc.nat(1) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('gap' as const),
      from: share,
      share: share.map((s) => s / 3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), share }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('beginning' as const), share }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('cut-packets' as const),
      octets: fc.integer({ min: 54, max: 600 }),
    }),
  },
);
export const harms: fc.Arbitrary<Harm[]> = fc.array(harm, { minLength: 1, maxLength: 2 });

const micros = (most: number) => fc.integer({ min: 1, max: most }).map((n) => 1000 * n);
const view: fc.Arbitrary<View> = fc.oneof(
  fc.record({ kind: fc.constant('shaken' as const), most: micros(400), seed }),
  fc.record({ kind: fc.constant('late-way' as const), late: micros(300), way: fc.nat(1) }),
  fc.record({ kind: fc.constant('doubled' as const), share, late: micros(3000), seed }),
  fc.record({
    kind: fc.constant('translated' as const),
    share: fc.constant(1),
    late: micros(100),
    seed,
  }),
);
/** Nothing is lost, but the tap has it in its own way. */
export const views: fc.Arbitrary<Harm[]> = fc.array(view, { minLength: 1, maxLength: 2 });

/** Two points whose clocks are apart. */
export const points: fc.Arbitrary<Harm[]> = fc
  .record({
    kind: fc.constant('two-points' as const),
    share: fc.constantFrom(1, 0.9, 0.7),
    late: fc.constantFrom(-2000, -300, -20, 20, 300, 5000).map((ms) => ms * MS),
    seed,
  })
  .map((one) => [one]);

/** What is left of a capture. */
export function harmed(packets: readonly Taken[], list: readonly Harm[], linkType = 1): Taken[] {
  return list.reduce((left, one) => oneHarm(left, one, linkType), [...packets]);
}

function oneHarm(packets: Taken[], one: Harm, linkType: number): Taken[] {
  const count = packets.length;
  const place = (of: number): number => Math.floor(of * count);
  const unlucky = (n: number, chance: number): boolean[] =>
    Array.from(new Cipherlike(n).octets(count), (octet) => octet < chance * 256);
  switch (one.kind) {
    case 'few': {
      const gone = new Set(one.places.map(place));
      return packets.filter((_, i) => !gone.has(i));
    }
    case 'scattered': {
      const lost = unlucky(one.seed, one.share);
      return packets.filter((_, i) => !lost[i]);
    }
    case 'one-way': {
      const lost = unlucky(one.seed, one.share);
      return packets.filter((packet, i) => wayOf(packet, linkType) !== one.way || !lost[i]);
    }
    case 'gap':
      return packets.filter((_, i) => i < place(one.from) || i >= place(one.from + one.share));
    case 'end':
      return packets.slice(0, place(one.share));
    case 'beginning':
      return packets.slice(place(one.share));
    case 'cut-packets':
      return packets.map((packet) => ({
        ...packet,
        octets: packet.octets.subarray(0, one.octets),
      }));
    default:
      return viewed(packets, one, linkType);
  }
}

// ------------------------------------------------------------------------------------------------ merging

/** The packets of `count` sound TLS connections that overlap in time, from addresses that no sample has. */
export function soundConnections(count: number): Frame[] {
  return fc
    .sample(honestTls, { numRuns: count, seed: 20_261_122 })
    .flatMap((conversation, index) =>
      play(conversation, {
        hosts: {
          client: { address: `10.1.${index >> 8}.${index & 255}`, port: 30_000 + index },
          server: { address: `10.2.0.${1 + (index % 20)}`, port: 443 },
        },
        startNanos: index * 10 * MS,
      }),
    )
    .sort((a, b) => a.nanos - b.nanos);
}

/** A capture file of a sample's packets, and of others around them. */
export function captureOf(
  packets: readonly Taken[],
  linkType: number,
  others: readonly Frame[] = [],
  startNanos = 0,
): Octets {
  const own = packets.map((packet): [number, BlockPacketSpec] => [
    packet.nanos + startNanos,
    { ...packet, interfaceId: linkType === 1 ? 0 : 1 },
  ]);
  const all = [
    ...own,
    ...others.map((frame): [number, BlockPacketSpec] => [frame.nanos, frame]),
  ].sort(([a], [b]) => a - b);
  return pcapngFile({
    blocks: [
      interfaceBlock(),
      interfaceBlock({ linkType }),
      ...all.map(([nanos, packet]) =>
        enhancedPacket({ ...packet, units: EPOCH + BigInt(Math.floor(nanos / 1000)) }),
      ),
    ],
  });
}

const EPOCH = 1_780_000_000_000_000n;

// ------------------------------------------------------------------------------------------------ judging

const CONFIDENCES: readonly Confidence[] = ['possible', 'likely', 'proven'];
const SEVERITIES: readonly Severity[] = ['info', 'warning', 'error', 'critical'];
const surer = (a: Confidence, b: Confidence): boolean =>
  CONFIDENCES.indexOf(a) > CONFIDENCES.indexOf(b);
const graver = (a: Severity, b: Severity): boolean => SEVERITIES.indexOf(a) > SEVERITIES.indexOf(b);

/** A finding, with what it is about in words that do not depend on the numbers of a capture. */
export interface Told {
  readonly rule: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly about: readonly string[];
  readonly summary: string;
}

export function told({ connections, findings }: Analysed): Told[] {
  const names = new Map(
    connections.map(({ id, client, server }) => [
      id,
      [client, server]
        // By ports, which tell connections of samples apart on both sides of a translator.
        .map(({ address, port }) => (address === OUTSIDE ? outsidePort(port) : port))
        .sort()
        .join(' and '),
    ]),
  );
  return findings.map(({ rule, severity, confidence, connections: ids, summary }: Finding) => ({
    rule,
    severity,
    confidence,
    about: ids.map((id) => names.get(id) ?? ''),
    summary,
  }));
}

export function read(file: Octets, keyLog: Uint8Array | undefined): Told[] {
  const analysed = analyse(file, {
    ...(keyLog && { secrets: { keyLogs: [keyLog], rsaKeys: [], psks: [] } }),
  });
  if (analysed.result.internalErrors > 0) throw new Error('internal error');
  return told(analysed);
}

/** Some findings are about connections, others about a server as a whole. */
const isAboutSame = (a: Told, b: Told): boolean =>
  a.about.length === 0 || b.about.length === 0 || a.about.some((one) => b.about.includes(one));

const isSame = (a: Told, b: Told): boolean => a.rule === b.rule && isAboutSame(a, b);

/** A symptom that the evidence of another rule contains: all that is left of it where the rest is gone. */
const SYMPTOMS: Readonly<Record<string, readonly string[]>> = {
  'server-process-died': ['tcp-connect-refused'],
  'dtls-late-close-notify': ['dtls-restart-ignored'],
  // The server that was silent closes in the end; where the FIN of the client is missing, it seems to do so first.
  'handshake-timeout': ['close-without-alert-after-clienthello'],
  // Datagrams that the capture lacks cannot be told from those that the path lost.
  'dtls-refragment-intolerant': ['dtls-fragment-loss'],
};
const yieldsTo = new Map(CATALOGUE.map(({ meta }) => [meta.id, meta.yieldsTo ?? []]));
/** Says what was seen, and names no mechanism: what is left where the evidence of a special rule is gone. */
const GENERAL = [
  'handshake-alert',
  'handshake-aborted',
  'handshake-aborted-at-key-setup',
  'connection-reset',
  'failure-correlation',
];

/** May the one be said where the evidence of the other is gone? */
const mayFollow = (one: Told, other: Told): boolean =>
  isAboutSame(one, other) &&
  (GENERAL.includes(one.rule) ||
    yieldsTo.get(one.rule)?.includes(other.rule) === true ||
    SYMPTOMS[other.rule]?.includes(one.rule) === true);

/** What is wrong with a finding about a mangled capture; nothing where the whole capture bears it out. */
export function objection(one: Told, whole: readonly Told[]): string | undefined {
  if (one.severity === 'info') return undefined;
  const same = whole.filter((other) => isSame(one, other));
  if (same.length > 0) {
    if (same.every((other) => graver(one.severity, other.severity))) return 'graver';
    if (same.every((other) => surer(one.confidence, other.confidence))) return 'surer';
    return undefined;
  }
  const explained = whole.some((other) => other.severity !== 'info' && mayFollow(one, other));
  return explained ? undefined : 'another cause';
}

/** What became of a finding. */
export type Fate = 'kept' | 'with less confidence' | 'more general' | 'silent';

/** What became of each finding of the whole capture that accuses. */
export function fatesOf(said: readonly Told[], whole: readonly Told[]): Fate[] {
  return whole
    .filter(({ severity }) => severity !== 'info')
    .map((one) => {
      const same = said.filter((other) => isSame(other, one));
      const equal = same.some(
        ({ confidence, severity }) =>
          !surer(one.confidence, confidence) && !graver(one.severity, severity),
      );
      if (equal) return 'kept';
      if (same.length > 0) return 'with less confidence';
      return said.some((other) => other.severity !== 'info' && mayFollow(other, one))
        ? 'more general'
        : 'silent';
    });
}
