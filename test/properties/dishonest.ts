/** Conversations in which something is wrong, so that properties speak about findings too. */
import fc from 'fast-check';
import { Association, TlsWriter } from '../support/conversation.ts';
import { type Frame, MS, otherPeer, type Peer, TcpFlow, UdpFlow } from '../support/network.ts';
import { CBC_SHA, GCM, GCM_13 } from '../support/protection.ts';

const peers = fc.constantFrom<Peer>('client', 'server');

/** A TLS handshake that stops behind some record, in one of several ways. */
const stopped: fc.Arbitrary<Frame[]> = fc
  .record({
    suite: fc.constantFrom(GCM, CBC_SHA, GCM_13),
    resumed: fc.boolean(),
    records: fc.integer({ min: 1, max: 10 }),
    how: fc.constantFrom('end', 'fin', 'rst', 'alert'),
    by: peers,
    seed: fc.integer({ min: 1, max: 999 }),
  })
  .map(({ suite, resumed, records, how, by, seed }) => {
    const writer = new TlsWriter({
      version: suite === GCM_13 ? 0x0304 : 0x0303,
      suite,
      resumed,
      seed,
    });
    const flow = new TcpFlow().open();
    for (const { from, record } of writer.handshake().slice(0, records)) flow.send(from, record);
    if (how === 'alert') flow.send(by, writer.alert(by, 2, 40).record).fin(by);
    else if (how === 'fin') flow.fin(by).acknowledge(otherPeer(by));
    else if (how === 'rst') flow.rst(by);
    return flow.frames;
  });

/** Two associations on one 5-tuple, and a closing alert of the first in the second's way. */
const lateClose: fc.Arbitrary<Frame[]> = fc
  .record({
    suite: fc.constantFrom(GCM, CBC_SHA),
    flightsBefore: fc.integer({ min: 0, max: 6 }),
    swallowed: fc.boolean(),
    seed: fc.integer({ min: 1, max: 999 }),
  })
  .map(({ suite, flightsBefore, swallowed, seed }) => {
    const flow = new UdpFlow();
    const one = new Association(flow, { suite, seed }).handshake();
    one.data('client').data('server').close('server');
    flow.wait(300 * MS);
    const two = new Association(flow, { suite, seed: seed + 1000 });
    two.flights().forEach(([from, flight], i) => {
      if (i === flightsBefore) one.close('client');
      two.send(from, flight());
      if (i === 0 && swallowed) {
        flow.wait(1000 * MS);
        two.send(from, flight());
      }
    });
    return flow.frames;
  });

/** A ClientHello that nobody answers. */
const unanswered: fc.Arbitrary<Frame[]> = fc.integer({ min: 1, max: 5 }).map((times) => {
  const flow = new UdpFlow();
  const a = new Association(flow);
  for (let i = 0; i < times; i++) {
    a.send('client', a.clientHello());
    flow.wait(1000 * MS);
  }
  return flow.frames;
});

export const troubled: fc.Arbitrary<Frame[]> = fc.oneof(stopped, lateClose, unanswered);
