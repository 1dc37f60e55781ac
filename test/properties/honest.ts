/** Conversations in which nothing is wrong, as fast-check arbitraries: descriptions first, so that they shrink and print. */
import fc from 'fast-check';
import { Association, type DtlsSpec, type TlsSpec, TlsWriter } from '../support/conversation.ts';
import {
  type Frame,
  HOSTS,
  type Hosts,
  MS,
  otherPeer,
  type Peer,
  TcpFlow,
  UDP_HOSTS,
  UdpFlow,
} from '../support/network.ts';
import { CBC_SHA, CBC_SHA256, CHACHA, GCM, PSK_CCM8, RSA_CBC_SHA } from '../support/protection.ts';

/** Ways to end a TLS connection that nobody can object to. */
const TLS_ENDS = [
  'open',
  'both-alerts',
  'server-alert-only',
  'client-alert-only',
  'reset-after-close',
] as const;

export interface HonestTls {
  readonly kind: 'tls';
  readonly spec: TlsSpec;
  readonly exchanges: number;
  readonly end: (typeof TLS_ENDS)[number];
  readonly first: Peer;
  readonly segments: readonly number[] | undefined;
  readonly initiator: Peer;
}

export interface HonestAssociation {
  readonly spec: DtlsSpec;
  readonly exchanges: number;
  /** Flights of which the first transmission got lost behind the tap. */
  readonly lost: readonly number[];
  readonly end: 'open' | 'both-alerts' | 'one-alert';
  readonly first: Peer;
  /** The client goes on from another port after its first exchange, if the server gave it an id. */
  readonly moves: boolean;
  /** Before the next association begins. */
  readonly pauseMs: number;
}

export interface HonestDtls {
  readonly kind: 'dtls';
  readonly associations: readonly HonestAssociation[];
}

export type Honest = HonestTls | HonestDtls;

const peers = fc.constantFrom<Peer>('client', 'server');
const seeds = fc.integer({ min: 1, max: 1_000_000 });

const tls13: fc.Arbitrary<TlsSpec> = fc
  .record({
    shape: fc.constantFrom('full', 'retry', 'psk', 'early'),
    coalesced: fc.boolean(),
    clientCertificate: fc.boolean(),
    seed: seeds,
  })
  .map(({ shape, coalesced, clientCertificate, seed }) => ({
    version: 0x0304,
    coalesced,
    seed,
    retry: shape === 'retry',
    resumed: shape === 'psk' || shape === 'early',
    earlyData: shape === 'early',
    clientCertificate: clientCertificate && (shape === 'full' || shape === 'retry'),
  }));

const tls12: fc.Arbitrary<TlsSpec> = fc.record({
  version: fc.constantFrom(0x0300, 0x0301, 0x0303, 0x0303, 0x0303),
  suite: fc.constantFrom(GCM, CHACHA, CBC_SHA, RSA_CBC_SHA, CBC_SHA256),
  resumed: fc.boolean(),
  clientCertificate: fc.boolean(),
  extendedMasterSecret: fc.boolean(),
  seed: seeds,
});

export const honestTls: fc.Arbitrary<HonestTls> = fc.record({
  kind: fc.constant('tls' as const),
  spec: fc.oneof(tls12, tls13),
  exchanges: fc.integer({ min: 0, max: 3 }),
  end: fc.constantFrom(...TLS_ENDS),
  first: peers,
  segments: fc.option(
    fc.array(fc.integer({ min: 200, max: 1460 }), { minLength: 1, maxLength: 3 }),
    {
      nil: undefined,
    },
  ),
  initiator: fc.constantFrom<Peer>('client', 'client', 'client', 'server'),
});

const ids = fc.uint8Array({ maxLength: 8 });

const honestAssociation: fc.Arbitrary<HonestAssociation> = fc.record({
  spec: fc.record({
    suite: fc.constantFrom(GCM, GCM, CHACHA, CBC_SHA, CBC_SHA256, PSK_CCM8),
    verify: fc.boolean(),
    resumed: fc.boolean(),
    encryptThenMac: fc.boolean(),
    fragmentOctets: fc.constantFrom(2000, 2000, 300),
    coalesced: fc.boolean(),
    nonces: fc.record({
      client: fc.oneof(
        fc.constantFrom<('sequence' | 'random')[]>('sequence', 'random'),
        fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
      ),
      server: fc.oneof(
        fc.constantFrom<('sequence' | 'random')[]>('sequence', 'random'),
        fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
      ),
    }),
    ids: fc.option(fc.record({ client: ids, server: ids }), { nil: undefined }),
    seed: seeds,
  }) as fc.Arbitrary<DtlsSpec>,
  exchanges: fc.integer({ min: 0, max: 4 }),
  lost: fc.oneof(fc.constant([]), fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 2 })),
  end: fc.constantFrom('open', 'both-alerts', 'both-alerts', 'one-alert'),
  first: peers,
  moves: fc.boolean(),
  pauseMs: fc.constantFrom(1, 20, 200, 3000),
});

export const honestDtls: fc.Arbitrary<HonestDtls> = fc.record({
  kind: fc.constant('dtls' as const),
  associations: fc.array(honestAssociation, { minLength: 1, maxLength: 3 }),
});

export const honest: fc.Arbitrary<Honest> = fc.oneof(honestTls, honestDtls);

export interface Stage {
  readonly hosts?: Hosts;
  readonly startNanos?: number;
  readonly segments?: readonly number[];
}

/** The packets of a conversation. */
export function play(conversation: Honest, stage: Stage = {}): Frame[] {
  return conversation.kind === 'tls' ? playTls(conversation, stage) : playDtls(conversation, stage);
}

function playTls(c: HonestTls, { hosts = HOSTS, startNanos = 0, segments }: Stage): Frame[] {
  const writer = new TlsWriter(c.spec);
  const cut = segments ?? c.segments;
  const flow = new TcpFlow({
    hosts,
    startNanos,
    initiator: c.initiator,
    ...(cut && { segments: cut }),
  });
  flow.open();
  const handshake = writer.handshake();
  for (let i = 0; i < handshake.length; ) {
    // What one side sends without waiting goes out together.
    const { from } = handshake[i] as (typeof handshake)[number];
    let end = i;
    while (handshake[end]?.from === from) end++;
    flow.send(from, ...handshake.slice(i, end).map(({ record }) => record));
    i = end;
  }
  for (let i = 0; i < c.exchanges; i++) {
    flow.send('client', writer.data('client', 60 + 40 * i).record);
    flow.wait(5 * MS);
    flow.send('server', writer.data('server', 600).record, writer.data('server', 300).record);
  }
  const { first } = c;
  const second = otherPeer(first);
  switch (c.end) {
    case 'open':
      break;
    case 'both-alerts':
      flow.send(first, writer.sealedAlert(first).record).fin(first);
      flow.send(second, writer.sealedAlert(second).record).fin(second).acknowledge(first);
      break;
    case 'server-alert-only':
      flow.send('server', writer.sealedAlert('server').record);
      flow.fin('server').acknowledge('client').fin('client').acknowledge('server');
      break;
    case 'client-alert-only':
      flow.send('client', writer.sealedAlert('client').record);
      flow.fin('client').acknowledge('server').fin('server').acknowledge('client');
      break;
    case 'reset-after-close':
      flow.send(first, writer.sealedAlert(first).record).fin(first);
      flow.send(second, writer.sealedAlert(second).record).rst(first, false);
      break;
  }
  return flow.frames;
}

function playDtls(c: HonestDtls, { hosts = UDP_HOSTS, startNanos = 0 }: Stage): Frame[] {
  const flow = new UdpFlow({ hosts, startNanos });
  const elsewhere = c.associations.flatMap((association, i) => {
    const frames = playAssociation(association, flow, i);
    flow.wait(association.pauseMs * MS);
    return frames;
  });
  return [...flow.frames, ...elsewhere];
}

/** @returns what went over another 5-tuple */
function playAssociation(c: HonestAssociation, flow: UdpFlow, index: number): readonly Frame[] {
  // Associations of one flow differ in all that is random.
  // A server takes up encrypt_then_mac for CBC suites only (RFC 7366 §3).
  const cbc = c.spec.suite === CBC_SHA || c.spec.suite === CBC_SHA256;
  const a = new Association(flow, {
    ...c.spec,
    encryptThenMac: cbc && c.spec.encryptThenMac === true,
    seed: (c.spec.seed ?? 1) + 7919 * index,
  });
  const flights = a.flights();
  flights.forEach(([from, flight], i) => {
    a.send(from, flight());
    if (!c.lost.includes(i)) return;
    const before = flights[i - 1];
    // A HelloVerifyRequest and the last flight have no timer: their receiver repeats its own flight (RFC 6347 §4.2.4).
    const hasTimer = !(a.verifies && i === 1) && i < flights.length - 1;
    flow.wait(1000 * MS);
    if (!hasTimer && before !== undefined) a.send(before[0], before[1]());
    a.send(from, flight());
  });
  for (let i = 0; i < c.exchanges; i++) {
    a.data('client', 40 + i);
    flow.wait(3 * MS);
    a.data('server', 80);
    if (i === 0 && c.moves && (c.spec.ids?.server.length ?? 0) > 0)
      a.moveTo(otherPort(flow, index)).data('client');
  }
  if (c.end === 'both-alerts') a.closeBoth(c.first);
  else if (c.end === 'one-alert') a.close(c.first);
  if (a.flow === flow) return [];
  flow.nanos = a.flow.nanos;
  return a.flow.frames;
}

function otherPort({ hosts }: UdpFlow, index: number): UdpFlow {
  const { address, port } = hosts.client;
  return new UdpFlow({ hosts: { ...hosts, client: { address, port: port + 1000 + index } } });
}
