import { cipherSuite } from '../../model/code-points/suites.ts';
import { TLS_1_3, tlsEquivalent } from '../../model/code-points/versions.ts';
import type { Explanation, FailedRecord } from '../../model/decryption.ts';
import type { Explanation as Reading } from '../../model/finding.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { byChance } from './how-many.ts';

/** What speaks for the hypothesis that matched, and which ones recomputing excluded. */
export function readingsOf(
  { explanation, excluded }: Pick<FailedRecord, 'explanation' | 'excluded'>,
  otherwise: string,
  history: Negotiated,
): Reading[] {
  const ruledOut = excluded.length > 0 ? [`tried in vain: ${excluded.join(', ')}`] : [];
  if (explanation === undefined)
    return [{ likelihood: 'high', text: otherwise, for: ruledOut, against: [] }];
  const { meaning, hypothesis, trials, oddsLog2 } = explanation;
  return [
    {
      likelihood: 'high',
      text: `${sentence(meaning)}${detailsText(explanation)}: ${hypothesis}.`,
      for: [
        `recomputed in this way it comes out octet by octet; ${byChance(trials, oddsLog2)}`,
        ...clauseText(explanation, history),
        ...ruledOut,
      ],
      against: [],
    },
  ];
}

type Negotiated = Pick<ConnectionHistory, 'version' | 'cipherSuite'>;

/** The clause that a mistake breaks, in the document of the version that was negotiated. Damage breaks none. */
function clauseText(
  { source, hypothesis }: Pick<Explanation, 'source' | 'hypothesis'>,
  { version, cipherSuite: code }: Negotiated,
): string[] {
  if (hypothesis === 'bit-damage') return [];
  const isTls13 = version !== undefined && tlsEquivalent(version) >= TLS_1_3;
  const isAead = code !== undefined && cipherSuite(code)?.mode.startsWith('aead');
  const clause = (isTls13 ? CLAUSES_13[source] : isAead ? CLAUSES_AEAD[source] : source) ?? source;
  return [`${clause} asks for another way`];
}

const CLAUSES_AEAD: Readonly<Record<string, string>> = {
  'RFC 5246 §6.2.3.1': 'RFC 5246 §6.2.3.3',
};

/** What TLS 1.3 and DTLS 1.3 have in place of clauses of TLS 1.2. */
const CLAUSES_13: Readonly<Record<string, string>> = {
  'RFC 5246 §6.1': 'RFC 8446 §5.3',
  'RFC 5246 §6.2.3.1': 'RFC 8446 §5.2',
  'RFC 5246 §7.1': 'RFC 8446 §7.3',
  'RFC 5246 §7.4.9': 'RFC 8446 §4.4.4',
};

const sentence = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** The parameters of a match that are worth a word: ` (HMAC-SHA256)`; empty if there are none. */
export function detailsText(explanation: Pick<Explanation, 'details'> | undefined): string {
  const words = Object.entries(explanation?.details ?? {}).flatMap(([name, value]) => {
    const word = DETAILS[name];
    return word === undefined ? [] : [word(value)];
  });
  return words.length > 0 ? ` (${words.join(', ')})` : '';
}

type DetailWords = Readonly<Record<string, (value: string | number) => string>>;

const LENGTHS: Readonly<Record<string, string>> = {
  fragment: 'the length on the wire',
  'without-iv': 'the length without the IV',
  'without-mac': 'the length without the MAC',
  'without-iv-and-mac': 'the length without IV and MAC',
  content: 'the length of the content',
  'content-and-mac': 'the length of content and MAC',
};

const DETAILS: DetailWords = {
  detail: (value) => String(value),
  alike: (value) => `${value} would come to the same`,
  hash: (value) => `HMAC-${String(value).toUpperCase()}`,
  version: (value) => String(value),
  type: (value) => `content type ${value}`,
  length: (value) => LENGTHS[value] ?? String(value),
  macOctets: (value) => `${value} octets of MAC`,
  slicing: (value) => String(value),
  damage: (value) => String(value),
  generation: (value) => `those ${value === 'previous' ? 'before' : 'behind'} the ones in force`,
  epochForm: (value) => `epoch ${value}`,
  nonceSequence: (value) => `number ${value} in the nonce`,
  offset: (value) => `${Number(value) > 0 ? '+' : ''}${value}`,
  sequence: (value) => `number ${value}`,
};
