import type { Rule } from '../model/rule.ts';
import { alertAfterHandshake } from './handshake/alert-after-handshake.ts';
import { alpnMismatch } from './handshake/alpn-mismatch.ts';
import { certChainIncomplete } from './handshake/cert-chain-incomplete.ts';
import { certExpired } from './handshake/cert-expired.ts';
import { certMalformed } from './handshake/cert-malformed.ts';
import { certNameMismatch } from './handshake/cert-name-mismatch.ts';
import { certNotYetValid } from './handshake/cert-not-yet-valid.ts';
import { certOrderWrong } from './handshake/cert-order-wrong.ts';
import { certWeakKey } from './handshake/cert-weak-key.ts';
import { clientCertCaHintMismatch } from './handshake/client-cert-ca-hint-mismatch.ts';
import { clientCertRequired } from './handshake/client-cert-required.ts';
import { clientHelloBlackholed } from './handshake/clienthello-blackholed.ts';
import { closeWithoutAlertAfterClientHello } from './handshake/close-without-alert-after-clienthello.ts';
import { downgradeSentinel } from './handshake/downgrade-sentinel.ts';
import { dtlsClientHelloFragmented } from './handshake/dtls-clienthello-fragmented.ts';
import { dtlsFingerprintMismatch } from './handshake/dtls-fingerprint-mismatch.ts';
import { dtlsFragmentLoss } from './handshake/dtls-fragment-loss.ts';
import { dtlsIpFragmentation } from './handshake/dtls-ip-fragmentation.ts';
import { dtlsRefragmentIntolerant } from './handshake/dtls-refragment-intolerant.ts';
import { dtlsRetransmissionNormal } from './handshake/dtls-retransmission-normal.ts';
import { dtlsRetransmissionStorm } from './handshake/dtls-retransmission-storm.ts';
import { dtlsRoleConflict } from './handshake/dtls-role-conflict.ts';
import { earlyDataRejected } from './handshake/early-data-rejected.ts';
import { failureCorrelation } from './handshake/failure-correlation.ts';
import { handshakeAborted } from './handshake/handshake-aborted.ts';
import { handshakeAbortedAtKeySetup } from './handshake/handshake-aborted-at-key-setup.ts';
import { handshakeAlert } from './handshake/handshake-alert.ts';
import { handshakeKillsServer } from './handshake/handshake-kills-server.ts';
import { handshakeTimeout } from './handshake/handshake-timeout.ts';
import { healthyOddities } from './handshake/healthy-oddities.ts';
import { hrrLoop } from './handshake/hrr-loop.ts';
import { httpOnTlsPort } from './handshake/http-on-tls-port.ts';
import { keyExchangeSignatureInvalid } from './handshake/key-exchange-signature-invalid.ts';
import { middleboxIntolerance } from './handshake/middlebox-intolerance.ts';
import { middleboxReset } from './handshake/middlebox-reset.ts';
import { noSharedCipher } from './handshake/no-shared-cipher.ts';
import { noSharedGroup } from './handshake/no-shared-group.ts';
import { noSharedSigalg } from './handshake/no-shared-sigalg.ts';
import { noSharedVersion } from './handshake/no-shared-version.ts';
import { plaintextInTlsStream } from './handshake/plaintext-in-tls-stream.ts';
import { pmtuBlackholeServerFlight } from './handshake/pmtu-blackhole-server-flight.ts';
import { pqClientHelloIntolerant } from './handshake/pq-clienthello-intolerant.ts';
import { renegotiationRefused } from './handshake/renegotiation-refused.ts';
import { sniMissing } from './handshake/sni-missing.ts';
import { sniUnrecognized } from './handshake/sni-unrecognized.ts';
import { starttlsPipelinedPlaintext } from './handshake/starttls-pipelined-plaintext.ts';
import { starttlsRefused } from './handshake/starttls-refused.ts';
import { tlsClientHelloMidConnection } from './handshake/tls-clienthello-mid-connection.ts';
import { tlsOnPlaintextPort } from './handshake/tls-on-plaintext-port.ts';
import { unsafeLegacyRenegotiation } from './handshake/unsafe-legacy-renegotiation.ts';
import { badRecordMacFirstRecord } from './hmac/bad-record-mac-first-record.ts';
import { badRecordMacLater } from './hmac/bad-record-mac-later.ts';
import { cbcPaddingErrorOrOracleHardening } from './hmac/cbc-padding-error-or-oracle-hardening.ts';
import { cookieHmacMismatch } from './hmac/cookie-hmac-mismatch.ts';
import { dtlsSilentMacDrop } from './hmac/dtls-silent-mac-drop.ts';
import { dtls13AckOrFinishedLoss } from './hmac/dtls13-ack-or-finished-loss.ts';
import { duplicateFinished } from './hmac/duplicate-finished.ts';
import { emsDisagreement } from './hmac/ems-disagreement.ts';
import { emsRequired } from './hmac/ems-required.ts';
import { etmDisagreement } from './hmac/etm-disagreement.ts';
import { finishedDecryptError } from './hmac/finished-decrypt-error.ts';
import { finishedMismatch } from './hmac/finished-mismatch.ts';
import { hvrLoop } from './hmac/hvr-loop.ts';
import { keyUpdateDesync } from './hmac/keyupdate-desync.ts';
import { payloadCorruptedInTransit } from './hmac/payload-corrupted-in-transit.ts';
import { pskBinderMismatch } from './hmac/psk-binder-mismatch.ts';
import { pskMismatch } from './hmac/psk-mismatch.ts';
import { pskUnknownIdentity } from './hmac/psk-unknown-identity.ts';
import { recordLengthImpossible } from './hmac/record-length-impossible.ts';
import { recordMacMismatch } from './hmac/record-mac-mismatch.ts';
import { seqDesync } from './hmac/seq-desync.ts';
import { ticketDecryptFailed } from './hmac/ticket-decrypt-failed.ts';
import { truncatedHmac } from './hmac/truncated-hmac.ts';
import { dtlsAssociationRestart } from './misdelivery/dtls-association-restart.ts';
import { dtlsCidForeign } from './misdelivery/dtls-cid-foreign.ts';
import { dtlsCidLengthMismatch } from './misdelivery/dtls-cid-length-mismatch.ts';
import { dtlsCidMigration } from './misdelivery/dtls-cid-migration.ts';
import { dtlsEpochConfusion } from './misdelivery/dtls-epoch-confusion.ts';
import { dtlsEpoch0Alert } from './misdelivery/dtls-epoch0-alert.ts';
import { dtlsFinalFlightRetransmission } from './misdelivery/dtls-final-flight-retransmission.ts';
import { dtlsLateCloseNotify } from './misdelivery/dtls-late-close-notify.ts';
import { dtlsLateRecord } from './misdelivery/dtls-late-record.ts';
import { dtlsNatRebindNoCid } from './misdelivery/dtls-nat-rebind-no-cid.ts';
import { dtlsOldEpochAfterNewHandshake } from './misdelivery/dtls-old-epoch-after-new-handshake.ts';
import { dtlsReplay } from './misdelivery/dtls-replay.ts';
import { dtlsRestartIgnored } from './misdelivery/dtls-restart-ignored.ts';
import { dtlsRestartKillsOld } from './misdelivery/dtls-restart-kills-old.ts';
import { dtlsSeqReuse } from './misdelivery/dtls-seq-reuse.ts';
import { dtlsStaleRecordBeforeHello } from './misdelivery/dtls-stale-record-before-hello.ts';
import { hrrCookieForeign } from './misdelivery/hrr-cookie-foreign.ts';
import { hvrCookieFromOtherClient } from './misdelivery/hvr-cookie-from-other-client.ts';
import { recordDecryptsUnderOtherConnection } from './misdelivery/record-decrypts-under-other-connection.ts';
import { recordWrongDirection } from './misdelivery/record-wrong-direction.ts';
import { serverHelloOfOtherConnection } from './misdelivery/server-hello-of-other-connection.ts';
import { ticketCrossedServers } from './misdelivery/ticket-crossed-servers.ts';
import { ticketsSharedAcrossNames } from './misdelivery/tickets-shared-across-names.ts';
import { tlsDataAfterClose } from './misdelivery/tls-data-after-close.ts';
import { tlsDuplicateHelloRandom } from './misdelivery/tls-duplicate-hello-random.ts';
import { tlsDuplicateSessionId } from './misdelivery/tls-duplicate-session-id.ts';
import { tlsForeignRecordSuspected } from './misdelivery/tls-foreign-record-suspected.ts';
import { webrtcDtlsNotRestarted } from './misdelivery/webrtc-dtls-not-restarted.ts';
import { connectionReset } from './transport/connection-reset.ts';
import { serverProcessDied } from './transport/server-process-died.ts';
import { tcpConnectRefused } from './transport/tcp-connect-refused.ts';
import { tcpConnectTimeout } from './transport/tcp-connect-timeout.ts';
import { tcpHalfCloseDataLost } from './transport/tcp-half-close-data-lost.ts';
import { tcpOldSegmentInNewIncarnation } from './transport/tcp-old-segment-in-new-incarnation.ts';
import { tcpPortReuseNewIncarnation } from './transport/tcp-port-reuse-new-incarnation.ts';
import { tcpResetAfterAccept } from './transport/tcp-reset-after-accept.ts';
import { tcpTimewaitCollision } from './transport/tcp-timewait-collision.ts';
import { tlsTruncatedClose } from './transport/tls-truncated-close.ts';

/** Every rule there is, by id. Adding a rule is adding a line. */
export const CATALOGUE: readonly Rule[] = [
  alertAfterHandshake,
  alpnMismatch,
  badRecordMacFirstRecord,
  badRecordMacLater,
  cbcPaddingErrorOrOracleHardening,
  certChainIncomplete,
  certExpired,
  certMalformed,
  certNameMismatch,
  certNotYetValid,
  certOrderWrong,
  certWeakKey,
  clientCertCaHintMismatch,
  clientCertRequired,
  clientHelloBlackholed,
  closeWithoutAlertAfterClientHello,
  connectionReset,
  cookieHmacMismatch,
  downgradeSentinel,
  dtlsAssociationRestart,
  dtlsCidForeign,
  dtlsCidLengthMismatch,
  dtlsCidMigration,
  dtlsClientHelloFragmented,
  dtlsEpochConfusion,
  dtlsEpoch0Alert,
  dtlsFinalFlightRetransmission,
  dtlsFingerprintMismatch,
  dtlsFragmentLoss,
  dtlsIpFragmentation,
  dtlsLateCloseNotify,
  dtlsLateRecord,
  dtlsNatRebindNoCid,
  dtlsOldEpochAfterNewHandshake,
  dtlsRefragmentIntolerant,
  dtlsReplay,
  dtlsRestartIgnored,
  dtlsRestartKillsOld,
  dtlsRetransmissionNormal,
  dtlsRetransmissionStorm,
  dtlsRoleConflict,
  dtlsSeqReuse,
  dtlsSilentMacDrop,
  dtlsStaleRecordBeforeHello,
  dtls13AckOrFinishedLoss,
  duplicateFinished,
  earlyDataRejected,
  emsDisagreement,
  emsRequired,
  etmDisagreement,
  failureCorrelation,
  finishedDecryptError,
  finishedMismatch,
  handshakeAborted,
  handshakeAbortedAtKeySetup,
  handshakeAlert,
  handshakeKillsServer,
  handshakeTimeout,
  healthyOddities,
  hrrCookieForeign,
  hrrLoop,
  httpOnTlsPort,
  hvrCookieFromOtherClient,
  hvrLoop,
  keyExchangeSignatureInvalid,
  keyUpdateDesync,
  middleboxIntolerance,
  middleboxReset,
  noSharedCipher,
  noSharedGroup,
  noSharedSigalg,
  noSharedVersion,
  payloadCorruptedInTransit,
  plaintextInTlsStream,
  pmtuBlackholeServerFlight,
  pqClientHelloIntolerant,
  pskBinderMismatch,
  pskMismatch,
  pskUnknownIdentity,
  recordDecryptsUnderOtherConnection,
  recordLengthImpossible,
  recordMacMismatch,
  recordWrongDirection,
  renegotiationRefused,
  seqDesync,
  serverHelloOfOtherConnection,
  serverProcessDied,
  sniMissing,
  sniUnrecognized,
  starttlsPipelinedPlaintext,
  starttlsRefused,
  tcpConnectRefused,
  tcpConnectTimeout,
  tcpHalfCloseDataLost,
  tcpOldSegmentInNewIncarnation,
  tcpPortReuseNewIncarnation,
  tcpResetAfterAccept,
  tcpTimewaitCollision,
  ticketCrossedServers,
  ticketDecryptFailed,
  ticketsSharedAcrossNames,
  tlsClientHelloMidConnection,
  tlsDataAfterClose,
  tlsDuplicateHelloRandom,
  tlsDuplicateSessionId,
  tlsForeignRecordSuspected,
  tlsOnPlaintextPort,
  tlsTruncatedClose,
  truncatedHmac,
  unsafeLegacyRenegotiation,
  webrtcDtlsNotRestarted,
];
