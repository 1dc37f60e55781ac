/** Built captures: a protected alert of one side while the Finished of the other is under way, and what only looks so. */
import { describe, expect, it } from 'vitest';
import { analyse } from '../../support/analyse.ts';
import { type TlsStep, TlsWriter } from '../../support/conversation.ts';
import {
  captureFile,
  type Frame,
  MS,
  otherPeer,
  type Peer,
  TcpFlow,
} from '../../support/network.ts';

const told = (frames: readonly Frame[]) => {
  const { connections, findings } = analyse(captureFile([...frames]));
  return [
    connections.map(({ outcome, stage }) => `${outcome} ${stage}`).join(),
    ...findings.filter(({ severity }) => severity !== 'info').map(({ rule }) => rule),
  ];
};

/** A handshake of which the last record of one side, its Finished, is given back. */
function upToFinished(resumed: boolean) {
  const writer = new TlsWriter({ resumed });
  const steps = writer.handshake();
  const finished = steps.at(-1) as TlsStep;
  const flow = new TcpFlow().open();
  for (const { from, record } of steps.slice(0, -1)) flow.send(from, record);
  return { writer, flow, finished, quitter: otherPeer(finished.from) };
}

const cases: readonly [string, boolean, Peer][] = [
  ['a client, of a full handshake', false, 'client'],
  ['a server, of a resumption', true, 'server'],
];

describe('an alert before the Finished of the other side', () => {
  it.each(cases)('is told of %s, although that Finished was captured', (_, resumed, who) => {
    const { writer, flow, finished, quitter } = upToFinished(resumed);
    flow.send(quitter, writer.sealedAlert(quitter).record).fin(quitter);
    flow.send(finished.from, finished.record).wait(MS).rst(quitter, false);
    expect(quitter).toBe(who);
    expect(told(flow.frames)).toEqual(['failed done', 'handshake-alert']);
  });

  it.each(cases)('is none if it comes right behind it: %s', (_, resumed) => {
    const { writer, flow, finished, quitter } = upToFinished(resumed);
    flow.send(finished.from, finished.record);
    flow.send(quitter, writer.sealedAlert(quitter).record).fin(quitter);
    flow.fin(finished.from).acknowledge(quitter);
    expect(told(flow.frames)).toEqual(['established done']);
  });

  it.each(cases)('is none if the two sides were not captured in order: %s', (_, resumed) => {
    const { writer, flow, finished, quitter } = upToFinished(resumed);
    flow.send(finished.from, finished.record);
    const late = flow.frames.splice(-2, 1);
    flow.send(quitter, writer.sealedAlert(quitter).record).fin(quitter);
    const frames = [...flow.frames, ...late];
    expect(told(frames)).toEqual(['established done']);
  });

  it('is none of a client that sends data before that Finished, and closes', () => {
    const { writer, flow, finished } = upToFinished(false);
    flow.send('client', writer.data('client', 80).record);
    flow.send('client', writer.sealedAlert('client').record);
    flow.send(finished.from, finished.record);
    flow.fin('client').fin('server').acknowledge('client');
    expect(told(flow.frames)).toEqual(['established done']);
  });
});
