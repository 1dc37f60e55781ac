import { payloadCorruptedInTransit } from '../../../src/rules/hmac/payload-corrupted-in-transit.ts';
import { failing, fakeMistake } from '../../support/fake-decryption.ts';
import { fakeAlert, fakeConflict, fakeHistory } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';
import { refused } from '../support/strays.ts';

const changed = { conflicts: [fakeConflict(10), fakeConflict(30)] };
const note = (packet: number) => [
  {
    message: 'harmless',
    severity: 'info',
    confidence: 'proven',
    packets: [packet - 1, packet],
  } as const,
];
const unanswered = {
  ...refused,
  records: { client: { applicationData: 3 }, server: { applicationData: 3 } },
};

testConnectionRule(
  payloadCorruptedInTransit,
  [
    {
      name: 'proves with secrets which side it is',
      history: failing(fakeMistake('bit-damage', { damage: 'octet 20 (mask 0x10)' })),
      want: [{ message: 'damaged', severity: 'error', confidence: 'proven', packets: [30, 31] }],
    },
    {
      name: 'tells that TCP repaired it where the range came again and nobody complained',
      history: failing(fakeMistake('bit-damage', { damage: 'octet 20 (mask 0x10)' }), {
        tcp: { conflicts: [fakeConflict(35, 30)] },
        alerts: [],
      }),
      want: [{ message: 'repaired', severity: 'info', confidence: 'proven', packets: [30, 35] }],
    },
    {
      name: 'makes a note of damage that nobody refused by name: the repair may not have been captured',
      history: failing(fakeMistake('bit-damage', { damage: 'octet 20 (mask 0x10)' }), {
        alerts: [fakeAlert(undefined, 'server', 31)],
      }),
      want: [{ message: 'damaged', severity: 'info', confidence: 'proven', packets: [30, 31] }],
    },
    {
      name: 'does not take a range that another packet had for the repair',
      history: failing(fakeMistake('bit-damage', { damage: 'octet 20 (mask 0x10)' }), {
        tcp: { conflicts: [fakeConflict(35, 29)] },
      }),
      want: [{ message: 'damaged', severity: 'error', confidence: 'proven', packets: [30, 31] }],
    },
    {
      name: 'takes no repair for one that came behind the alert',
      history: failing(fakeMistake('bit-damage', { damage: 'octet 20 (mask 0x10)' }), {
        tcp: { conflicts: [fakeConflict(35, 30)] },
      }),
      want: [{ message: 'damaged', severity: 'error', confidence: 'proven', packets: [30, 31] }],
    },
    {
      name: 'leaves a record that fails otherwise to record-mac-mismatch',
      history: failing(fakeMistake('other-length')),
      want: 'pass',
    },
    { name: 'is about TCP', history: fakeHistory({ protocol: 'DTLS' }), want: 'not-applicable' },
    { name: 'passes where copies are equal', history: fakeHistory(), want: 'pass' },
    {
      name: 'makes a note where nothing came of it',
      history: fakeHistory({ tcp: changed }),
      want: note(10),
    },
    ...[20, 51].map((description) => ({
      name: `blames the last change before alert ${description}`,
      history: fakeHistory({ tcp: changed, alerts: [fakeAlert(description, 'server', 40)] }),
      want: [
        {
          message: 'refused',
          severity: 'error',
          confidence: 'likely',
          packets: [29, 30, 40],
        } as const,
      ],
    })),
    {
      name: 'blames it for an encrypted alert that is the only answer',
      history: fakeHistory({ ...unanswered, tcp: changed }),
      want: [
        { message: 'refused', severity: 'error', confidence: 'likely', packets: [29, 30, 31] },
      ],
    },
    {
      name: 'does not blame it for an alert that closes the connection',
      history: fakeHistory({
        ...unanswered,
        tcp: changed,
        alerts: [fakeAlert(undefined, 'client', 31)],
      }),
      want: note(10),
    },
    {
      name: 'does not blame it for what happens long after it',
      history: fakeHistory({
        tcp: { conflicts: [fakeConflict(10)] },
        alerts: [fakeAlert(20, 'server', 40, { nanos: 9e9 })],
      }),
      want: note(10),
    },
    {
      name: 'blames the first copy for an alert that comes before the second',
      history: fakeHistory({
        tcp: { conflicts: [fakeConflict(50, 30)] },
        alerts: [fakeAlert(20, 'server', 40)],
      }),
      want: [
        { message: 'refused', severity: 'error', confidence: 'likely', packets: [30, 40, 50] },
      ],
    },
    {
      name: 'does not blame what comes later',
      history: fakeHistory({
        tcp: { conflicts: [fakeConflict(50)] },
        alerts: [fakeAlert(20, 'server', 40)],
      }),
      want: note(50),
    },
  ],
  { 'not-assessable': 'two copies that differ have both been seen' },
);
