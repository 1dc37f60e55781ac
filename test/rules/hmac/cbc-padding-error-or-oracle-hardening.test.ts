import { cbcPaddingErrorOrOracleHardening } from '../../../src/rules/hmac/cbc-padding-error-or-oracle-hardening.ts';
import { failing, fakeMistake } from '../../support/fake-decryption.ts';
import { fakeAlert, fakeHistory } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const given = { cipherSuite: 0x002f, outcome: 'failed', stage: 'server-finished' } as const;

testConnectionRule(
  cbcPaddingErrorOrOracleHardening,
  [
    {
      name: 'proves with secrets which side it is',
      history: failing(fakeMistake('padding-unfilled')),
      want: [{ message: 'unfilled', severity: 'error', confidence: 'proven', packets: [30, 31] }],
    },
    {
      name: 'leaves a record that fails otherwise to record-mac-mismatch',
      history: failing(fakeMistake('other-length')),
      want: 'not-applicable',
    },
    {
      name: 'notes a server that tells a wrong padding from a wrong MAC',
      history: fakeHistory({ ...given, alerts: [fakeAlert(21, 'server', 9)] }),
      want: [{ message: 'told', severity: 'info', confidence: 'proven', packets: [9] }],
    },
    {
      name: 'is less sure over DTLS, where anybody can send an alert in the clear',
      history: fakeHistory({ ...given, protocol: 'DTLS', alerts: [fakeAlert(21, 'server', 9)] }),
      want: [{ message: 'told', severity: 'info', confidence: 'likely', packets: [9] }],
    },
    {
      name: 'passes the number with a suite that has no padding',
      history: fakeHistory({ ...given, cipherSuite: 0xc02f, alerts: [fakeAlert(21, 'server', 9)] }),
      want: 'pass',
    },
    {
      name: 'leaves bad_record_mac alone, which says neither',
      history: fakeHistory({ ...given, alerts: [fakeAlert(20, 'server', 9)] }),
      want: 'not-applicable',
    },
    {
      name: 'leaves connections with CBC suites alone',
      history: fakeHistory({ cipherSuite: 0x002f }),
      want: 'not-applicable',
    },
  ],
  { 'not-assessable': 'the alert is there or not' },
);
