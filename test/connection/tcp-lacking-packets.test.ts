/** TLS connections of which the capture lacks segments. */
import { expect, it } from 'vitest';
import { analyse } from '../support/analyse.ts';
import { TlsWriter } from '../support/conversation.ts';
import { captureFile, TcpFlow } from '../support/network.ts';

it('knows from the number of a FIN that the octets before it are missing', () => {
  const writer = new TlsWriter();
  const flow = new TcpFlow().open();
  const steps = writer.handshake();
  const last = steps.slice(-2);
  for (const { from, record } of steps.slice(0, -2)) flow.send(from, record);
  // The server's ChangeCipherSpec and Finished passed elsewhere; then the client closes in order.
  flow.skip(
    'server',
    last.reduce((sum, { record }) => sum + record.length, 0),
  );
  flow.send('client', writer.sealedAlert('client').record).fin('client');
  flow.acknowledge('server').fin('server').acknowledge('client');
  const { connections, findings, result } = analyse(captureFile(flow.frames));
  expect(connections).toMatchObject([
    {
      outcome: 'incomplete',
      stage: 'server-finished',
      blindSpots: ['lost-bytes', 'no-secrets'],
      tcp: { lostOctets: { client: 0, server: 51 } },
    },
  ]);
  expect(findings).toEqual([]);
  expect(result.notices[0]).toMatchObject([{ code: 'tcp-gap', needed: 51 }]);
});

it('takes the octets in front of a FIN that come after it', () => {
  const writer = new TlsWriter();
  const flow = new TcpFlow().open();
  for (const { from, record } of writer.handshake()) flow.send(from, record);
  const before = flow.frames.length;
  flow.send('client', writer.sealedAlert('client').record).fin('client');
  flow.acknowledge('server').fin('server').acknowledge('client');
  const frames = flow.frames.map((frame, i) => {
    const other = flow.frames[i === before ? before + 2 : i === before + 2 ? before : i] ?? frame;
    return { ...other, nanos: frame.nanos };
  });
  const { connections, findings } = analyse(captureFile(frames));
  expect(connections).toMatchObject([
    { outcome: 'established', blindSpots: ['no-secrets'], tcp: { lostOctets: { client: 0 } } },
  ]);
  expect(findings).toEqual([]);
});
