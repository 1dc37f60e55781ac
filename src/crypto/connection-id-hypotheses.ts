import { TLS12_CID } from '../model/code-points/content-types.ts';
import type { FailedRecord, Trial } from './failed-record.ts';
import type { ConnectionIdForm, Deviation, Protection } from './protection.ts';
import type { RecordHypothesis } from './record-hypothesis.ts';
import { range } from './sequence-numbers.ts';

/** What senders of type tls12_cid authenticate wrongly. RFC 9146 §5. */
export const CONNECTION_ID_HYPOTHESES: readonly RecordHypothesis[] = [
  {
    id: 'connection-id-draft',
    meaning:
      'the sender and the handshake disagree on whether the connection id is authenticated as in RFC 9146 or as in its drafts',
    source: 'RFC 9146 §5',
    trials: (failed) =>
      carriesConnectionId(failed)
        ? [{ deviation: { connectionIdForm: otherForm(failed.protection) } }]
        : [],
  },
  {
    id: 'connection-id-left-out',
    meaning: 'the sender shows a connection id and does not authenticate it',
    source: 'RFC 9146 §5',
    trials: (failed) => {
      if (!carriesConnectionId(failed)) return [];
      const absent = [failed.record.type, ...REAL_TYPES].map((type): Trial => {
        return { deviation: { connectionIdForm: 'absent', type }, parameters: { type } };
      });
      return [...absent, { deviation: { connectionIdForm: 'without-id' } }];
    },
  },
  {
    id: 'connection-id-length-left-out',
    meaning: 'the sender authenticates the connection id without its length',
    source: 'RFC 9146 §5',
    trials: (failed) => inSpecifiedForm(failed, [{ connectionIdForm: 'without-length' }]),
  },
  {
    id: 'connection-id-placeholder-left-out',
    meaning: 'the sender leaves out the eight octets of ones in front of what is authenticated',
    source: 'RFC 9146 §5',
    trials: (failed) => inSpecifiedForm(failed, [{ connectionIdForm: 'without-placeholder' }]),
  },
  {
    id: 'connection-id-of-sender',
    meaning:
      'the sender authenticates the connection id that it receives in place of the one that it sends',
    source: 'RFC 9146 §3',
    trials: (failed) => {
      const connectionId = failed.otherDirection?.protection.connectionId;
      return connectionId !== undefined && carriesConnectionId(failed)
        ? [{ deviation: { connectionId } }]
        : [];
    },
  },
  {
    id: 'connection-id-second-type',
    meaning: 'the record was authenticated with its true type where tls12_cid is due a second time',
    source: 'RFC 9146 §5',
    trials: (failed) =>
      REAL_TYPES.flatMap((secondType) =>
        inSpecifiedForm(failed, [{ secondType }]).map((trial) => ({
          ...trial,
          parameters: { type: secondType },
        })),
      ),
  },
  {
    id: 'inner-type-left-out',
    meaning:
      'the sender leaves the true type and the padding behind it out of what is authenticated',
    source: 'RFC 9146 §5',
    // Over what is encrypted the MAC knows nothing of what is inside.
    trials: (failed) =>
      carriesConnectionId(failed) && !failed.protection.encryptThenMac
        ? range(1, PADDED_TO).map((innerLess) => ({ deviation: { innerLess } }))
        : [],
  },
];

function carriesConnectionId({ record, protection }: FailedRecord): boolean {
  return record.type === TLS12_CID && (protection.connectionId?.length ?? 0) > 0;
}

function otherForm({ connectionIdForm }: Protection): ConnectionIdForm {
  return connectionIdForm === 'draft' ? 'specified' : 'draft';
}

/** For mistakes that only the form of RFC 9146 can have. */
function inSpecifiedForm(failed: FailedRecord, deviations: readonly Deviation[]): Trial[] {
  const isSpecified = failed.protection.connectionIdForm === undefined;
  return isSpecified && carriesConnectionId(failed)
    ? deviations.map((deviation) => ({ deviation }))
    : [];
}

const REAL_TYPES: readonly number[] = [21, 22, 23];
/** Mbed TLS fills the inner plaintext up to a multiple of this. */
const PADDED_TO = 16;
