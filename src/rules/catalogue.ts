import type { Rule } from '../model/rule.ts';
import { dtlsSilentMacDrop } from './hmac/dtls-silent-mac-drop.ts';
import { hvrLoop } from './hmac/hvr-loop.ts';
import { dtlsAssociationRestart } from './misdelivery/dtls-association-restart.ts';
import { dtlsEpoch0Alert } from './misdelivery/dtls-epoch0-alert.ts';
import { dtlsFinalFlightRetransmission } from './misdelivery/dtls-final-flight-retransmission.ts';
import { dtlsLateCloseNotify } from './misdelivery/dtls-late-close-notify.ts';
import { dtlsLateRecord } from './misdelivery/dtls-late-record.ts';
import { dtlsOldEpochAfterNewHandshake } from './misdelivery/dtls-old-epoch-after-new-handshake.ts';
import { dtlsReplay } from './misdelivery/dtls-replay.ts';
import { dtlsRestartIgnored } from './misdelivery/dtls-restart-ignored.ts';
import { dtlsSeqReuse } from './misdelivery/dtls-seq-reuse.ts';
import { dtlsStaleRecordBeforeHello } from './misdelivery/dtls-stale-record-before-hello.ts';
import { tlsDuplicateHelloRandom } from './misdelivery/tls-duplicate-hello-random.ts';

/** Every rule there is, by id. Adding a rule is adding a line. */
export const CATALOGUE: readonly Rule[] = [
  dtlsAssociationRestart,
  dtlsEpoch0Alert,
  dtlsFinalFlightRetransmission,
  dtlsLateCloseNotify,
  dtlsLateRecord,
  dtlsOldEpochAfterNewHandshake,
  dtlsReplay,
  dtlsRestartIgnored,
  dtlsSeqReuse,
  dtlsSilentMacDrop,
  dtlsStaleRecordBeforeHello,
  hvrLoop,
  tlsDuplicateHelloRandom,
];
