import { recordWrongDirection } from '../../../src/rules/misdelivery/record-wrong-direction.ts';
import { failing, fakeMistake } from '../../support/fake-decryption.ts';
import { at, fakeHistory } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';
import { accepted, EARLIER, refused, stray, withStrays } from '../support/strays.ts';

const back = stray('reflection', { other: { ...EARLIER, connection: 1 } });

testConnectionRule(
  recordWrongDirection,
  [
    {
      name: 'proves with secrets which side it is',
      history: failing(fakeMistake('other-direction', { sequence: 2 })),
      want: [{ message: 'own-keys', severity: 'error', confidence: 'proven', packets: [30, 31] }],
    },
    {
      name: 'leaves a record that fails otherwise to record-mac-mismatch',
      history: failing(fakeMistake('other-length')),
      want: 'pass',
    },
    { name: 'is about TCP', history: fakeHistory({ protocol: 'DTLS' }), want: 'not-applicable' },
    { name: 'leaves a healthy connection alone', history: withStrays(accepted), want: 'pass' },
    {
      name: 'proves a reflection, and tells what came of it',
      history: withStrays(refused, back),
      want: [
        { message: 'reflected', severity: 'error', confidence: 'proven', packets: [20, 30, 31] },
      ],
    },
    {
      name: 'proves it where nothing shows the effect',
      history: withStrays(accepted, back),
      want: [{ message: 'reflected', severity: 'error', confidence: 'proven', packets: [20, 30] }],
    },
    {
      name: 'leaves a record that was sent twice to seq-desync',
      history: withStrays(refused, stray('repetition', { other: EARLIER })),
      want: 'pass',
    },
    {
      name: 'proves an echoed ClientHello',
      history: fakeHistory({
        oddities: [
          {
            ...at(5),
            kind: 'hello-reflected',
            from: 'server',
            length: 300,
            contentType: 1,
            octets: undefined,
          },
        ],
      }),
      want: [{ message: 'hello', severity: 'error', confidence: 'proven', packets: [5] }],
    },
  ],
  { 'not-assessable': 'what was seen twice was seen, whatever else is missing' },
);
