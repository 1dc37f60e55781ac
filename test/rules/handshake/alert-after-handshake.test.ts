import { alertAfterHandshake } from '../../../src/rules/handshake/alert-after-handshake.ts';
import { at, fakeAlert, fakeHistory, fakeRecord } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const data = fakeRecord(23, 'client', 12);
const inUse = {
  protectedRecords: {
    client: { count: 3, first: fakeRecord(22, 'client', 8), last: data, lastData: data },
    server: { count: 2, first: fakeRecord(22, 'server', 9) },
  },
} as const;
/** An alert that secrets opened. */
const opened = (description: number, from: 'client' | 'server', packet: number, level = 2) =>
  fakeAlert(description, from, packet, { encrypted: true, level });
const found = (message: string, confidence: 'proven' | 'likely', packets: readonly number[]) =>
  [{ message, severity: 'error', confidence, packets }] as const;

testConnectionRule(alertAfterHandshake, [
  { name: 'leaves healthy connections alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'leaves an orderly close alone',
    history: fakeHistory({
      ...inUse,
      alerts: [opened(0, 'client', 14, 1), opened(0, 'server', 15, 1)],
    }),
    want: 'not-applicable',
  },
  {
    name: 'leaves user_canceled of TLS 1.3 alone, which ends nothing',
    history: fakeHistory({ ...inUse, version: 0x0304, alerts: [opened(90, 'client', 14, 1)] }),
    want: 'not-applicable',
  },
  {
    name: 'leaves an alert alone that cannot be read',
    history: fakeHistory({
      ...inUse,
      alerts: [fakeAlert(undefined, 'server', 14, { encrypted: true, level: undefined })],
    }),
    want: 'not-applicable',
  },
  {
    name: 'tells what a server refused of a connection in use',
    history: fakeHistory({ ...inUse, alerts: [opened(70, 'server', 14)] }),
    want: found('ended', 'proven', [12, 14]),
  },
  {
    name: 'goes by TLS 1.3, which has no levels',
    history: fakeHistory({ ...inUse, version: 0x0304, alerts: [opened(22, 'server', 14, 1)] }),
    want: found('ended', 'proven', [12, 14]),
  },
  {
    name: 'tells of a client that looked at the certificate late',
    history: fakeHistory({ ...inUse, alerts: [opened(46, 'client', 14)] }),
    want: found('ended', 'proven', [9, 14]),
  },
  {
    name: 'tells it over DTLS as well',
    history: fakeHistory({ ...inUse, protocol: 'DTLS', alerts: [opened(80, 'server', 14)] }),
    want: found('ended', 'proven', [12, 14]),
  },
  {
    name: 'tells an alert in the clear, and that somebody else may have written it',
    history: fakeHistory({ ...inUse, alerts: [fakeAlert(80, 'server', 14)] }),
    want: found('clear', 'likely', [12, 14]),
  },
  {
    name: 'leaves alerts in the clear over DTLS to another rule',
    history: fakeHistory({ ...inUse, protocol: 'DTLS', alerts: [fakeAlert(80, 'server', 14)] }),
    want: 'pass',
  },
  {
    name: 'takes decode_error behind the FIN of the other side for a comment on it',
    history: fakeHistory({
      ...inUse,
      alerts: [opened(50, 'server', 14)],
      tcp: { fin: { client: at(13), server: undefined } },
    }),
    want: 'pass',
  },
  {
    name: 'takes unexpected_message behind a reset of the other side for a comment on it',
    history: fakeHistory({
      ...inUse,
      alerts: [opened(10, 'server', 14)],
      tcp: { rst: { client: { ...at(13), withAck: true, window: 1 }, server: undefined } },
    }),
    want: 'pass',
  },
  {
    name: 'takes internal_error behind the closing alert of the other side for a comment on it',
    history: fakeHistory({
      ...inUse,
      alerts: [opened(0, 'client', 13, 1), opened(80, 'server', 14)],
    }),
    want: 'pass',
  },
  {
    name: 'tells decode_error of a side that nobody had closed to',
    history: fakeHistory({
      ...inUse,
      alerts: [opened(50, 'server', 14)],
      tcp: { fin: { client: at(16), server: at(15) } },
    }),
    want: found('ended', 'proven', [12, 14]),
  },
  {
    name: 'cannot tell what decode_error answers where octets are missing',
    history: fakeHistory({
      ...inUse,
      alerts: [opened(50, 'server', 14)],
      tcp: { lostOctets: { client: 9, server: 0 } },
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'cannot tell what it answers where one side was captured late',
    history: fakeHistory({
      ...inUse,
      alerts: [opened(50, 'server', 14)],
      tcp: { isBehindAnswer: true },
    }),
    want: { missing: 'order-unknown' },
  },
  {
    name: 'leaves alerts of the handshake alone',
    history: fakeHistory({
      ...inUse,
      outcome: 'failed',
      stage: 'client-finished',
      alerts: [opened(40, 'server', 14)],
    }),
    want: 'not-applicable',
  },
]);
