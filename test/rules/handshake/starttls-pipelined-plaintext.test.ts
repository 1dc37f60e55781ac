import { starttlsPipelinedPlaintext } from '../../../src/rules/handshake/starttls-pipelined-plaintext.ts';
import { at, fakeHistory } from '../../support/fake-history.ts';
import { fakeUpgrade } from '../../support/fake-upgrade.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const pipelined = (from: 'client' | 'server', line: string, hasGaps = false) =>
  fakeHistory({ upgrade: fakeUpgrade({ hasGaps, pipelined: { ...at(4), from, line } }) });
const found = [
  { message: 'pipelined', severity: 'info', confidence: 'proven', packets: [4] },
] as const;

testConnectionRule(starttlsPipelinedPlaintext, [
  { name: 'notes commands behind the request', history: pipelined('client', 'MAIL'), want: found },
  { name: 'also where they cannot be quoted', history: pipelined('client', ''), want: found },
  { name: 'notes replies behind the consent', history: pipelined('server', '250 ok'), want: found },
  {
    name: 'does not judge where octets are missing',
    history: pipelined('client', 'MAIL', true),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves an upgrade in order alone',
    history: fakeHistory({ upgrade: fakeUpgrade() }),
    want: 'pass',
  },
  {
    name: 'needs a request',
    history: fakeHistory({ upgrade: fakeUpgrade({ protocol: 'other', request: undefined }) }),
    want: 'not-applicable',
  },
  { name: 'leaves other connections alone', history: fakeHistory(), want: 'not-applicable' },
]);
