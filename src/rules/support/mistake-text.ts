import type { Explanation, FailedRecord } from '../../model/decryption.ts';
import type { Explanation as Reading } from '../../model/finding.ts';
import { byChance } from './how-many.ts';

/** What speaks for the hypothesis that matched, and which ones recomputing excluded. */
export function readingsOf(
  { explanation, excluded }: Pick<FailedRecord, 'explanation' | 'excluded'>,
  otherwise: string,
): Reading[] {
  const ruledOut = excluded.length > 0 ? [`tried in vain: ${excluded.join(', ')}`] : [];
  if (explanation === undefined)
    return [{ likelihood: 'high', text: otherwise, for: ruledOut, against: [] }];
  const { meaning, hypothesis, trials, oddsLog2, source } = explanation;
  return [
    {
      likelihood: 'high',
      text: `${sentence(meaning)}${detailsText(explanation)}: ${hypothesis}.`,
      for: [
        `recomputed in this way it comes out octet by octet; ${byChance(trials, oddsLog2)}`,
        `${source} asks for another way`,
        ...ruledOut,
      ],
      against: [],
    },
  ];
}

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
