/** Heartbeat records (RFC 6520): neither damage nor data. */
import { describe, expect, it } from 'vitest';
import { analyse, onlyConnection } from '../support/analyse.ts';
import { Association, TlsWriter } from '../support/conversation.ts';
import { tlsRecord } from '../support/hello-builder.ts';
import { captureFile, MS, TcpFlow } from '../support/network.ts';

const HEARTBEAT = 24;
const PADDING = 16;
const [REQUEST, RESPONSE] = [1, 2];

/** A heartbeat that claims a payload of `claimed` octets and brings `payload`. RFC 6520 §4. */
const heartbeat = (type: number, payload: number, claimed = payload, padding = PADDING) =>
  Uint8Array.of(
    type,
    claimed >> 8,
    claimed & 0xff,
    ...Array.from({ length: payload + padding }, () => 7),
  );
const rulesOf = (file: Uint8Array) =>
  analyse(file)
    .findings.filter(({ severity }) => severity !== 'info')
    .map(({ rule }) => rule);

/** A client that sends such heartbeats once the server has said all that it says before a client answers. */
function beforeKeys(...contents: readonly Uint8Array<ArrayBuffer>[]) {
  const flow = new TcpFlow().open();
  for (const { from, name, record } of new TlsWriter().handshake()) {
    flow.send(from, record);
    if (name === 'server_hello_done') break;
  }
  for (const content of contents) flow.send('client', tlsRecord(HEARTBEAT, 0x0303, content));
  return captureFile(
    flow
      .wait(2000 * MS)
      .fin('client')
      .fin('server').frames,
  );
}

describe('heartbeats', () => {
  it('of an established connection are counted, and are no fault', () => {
    const flow = new TcpFlow().open();
    const tls = new TlsWriter();
    for (const { from, record } of tls.handshake()) flow.send(from, record);
    for (const from of ['client', 'server', 'client', 'client'] as const)
      flow.send(from, tls.sealed(from, 'heartbeat', HEARTBEAT, 40).record);
    for (const from of ['client', 'server'] as const) flow.send(from, tls.sealedAlert(from).record);
    const file = captureFile(flow.fin('client').fin('server').frames);
    const { outcome, heartbeats, records, blindSpots } = onlyConnection(file);
    expect([outcome, blindSpots]).toEqual(['established', ['no-secrets']]);
    expect([records.client.other, records.server.other]).toEqual([3, 1]);
    const unread = { type: undefined, claimed: undefined, isBeyond: false };
    expect(heartbeats).toMatchObject([
      { ...unread, from: 'client', count: 3 },
      { ...unread, from: 'server', count: 1 },
    ]);
    expect(rulesOf(file)).toEqual([]);
  });

  it('of an association are counted, in the clear or not', () => {
    const one = new Association().handshake().data('client').data('server');
    one.send('client', [one.sealed('client', HEARTBEAT, 40)]);
    one.send('server', [one.sealed('server', HEARTBEAT, 40)]);
    one.send('client', [one.sealed('client', HEARTBEAT, 40)]).closeBoth('client');
    const file = captureFile(one.flow.frames);
    expect(onlyConnection(file).heartbeats).toMatchObject([
      { from: 'client', count: 2, type: undefined },
      { from: 'server', count: 1, type: undefined },
    ]);
    expect(rulesOf(file)).toEqual([]);
    const early = new Association();
    const [hello, ...flights] = early.flights();
    early.send(hello?.[0] ?? 'client', hello?.[1]() ?? []);
    const clear = early.record('client', HEARTBEAT, heartbeat(REQUEST, 8));
    early.send('client', [clear]);
    for (const [from, flight] of flights) early.send(from, flight());
    const { heartbeats, outcome } = onlyConnection(captureFile(early.flow.frames));
    expect(outcome).toBe('established');
    expect(heartbeats).toMatchObject([{ type: 'request', claimed: 8, length: 27, count: 1 }]);
  });

  it('that claim more than they bring are told apart, and named where the handshake ends then', () => {
    const file = beforeKeys(
      heartbeat(REQUEST, 8),
      heartbeat(RESPONSE, 8),
      heartbeat(REQUEST, 0, 16_384, 0),
      heartbeat(REQUEST, 0, 16_384, 0),
    );
    expect(onlyConnection(file).heartbeats).toMatchObject([
      { type: 'request', claimed: 8, length: 27, count: 2, isBeyond: false },
      { type: 'request', claimed: 16_384, length: 3, count: 2, isBeyond: true },
    ]);
    const { findings } = analyse(file);
    expect(findings).toMatchObject([{ rule: 'handshake-aborted' }]);
    expect(findings[0]?.causes[0]).toContain('claims 16384 octets of payload in a record of 3');
  });

  it('that bring what they claim are no reason', () => {
    const { findings } = analyse(beforeKeys(heartbeat(REQUEST, 8), heartbeat(REQUEST, 3, 3, 0)));
    expect(findings.map(({ rule }) => rule)).toEqual(['handshake-aborted']);
    expect(findings[0]?.causes.join()).not.toContain('memory');
  });
});
