import { type NameTable, nameOf } from './lookup.ts';

export const ALERT_WARNING = 1;
export const ALERT_FATAL = 2;

export const CLOSE_NOTIFY = 0;
export const UNEXPECTED_MESSAGE = 10;
export const BAD_RECORD_MAC = 20;
export const DECRYPTION_FAILED = 21;
export const HANDSHAKE_FAILURE = 40;
export const BAD_CERTIFICATE = 42;
export const UNSUPPORTED_CERTIFICATE = 43;
export const CERTIFICATE_EXPIRED = 45;
export const CERTIFICATE_UNKNOWN = 46;
export const ILLEGAL_PARAMETER = 47;
export const UNKNOWN_CA = 48;
export const ACCESS_DENIED = 49;
export const DECODE_ERROR = 50;
export const DECRYPT_ERROR = 51;
export const PROTOCOL_VERSION = 70;
export const INSUFFICIENT_SECURITY = 71;
export const INTERNAL_ERROR = 80;
export const INAPPROPRIATE_FALLBACK = 86;
export const USER_CANCELED = 90;
export const NO_RENEGOTIATION = 100;
export const MISSING_EXTENSION = 109;
export const UNSUPPORTED_EXTENSION = 110;
export const UNRECOGNIZED_NAME = 112;
export const UNKNOWN_PSK_IDENTITY = 115;
export const CERTIFICATE_REQUIRED = 116;
export const NO_APPLICATION_PROTOCOL = 120;

const LEVELS: NameTable = { [ALERT_WARNING]: 'warning', [ALERT_FATAL]: 'fatal' };

/** Alert descriptions. IANA "TLS Alerts", checked against Wireshark 4.0.17's table; 1 is of TLS 1.3 drafts. */
const DESCRIPTIONS: NameTable = {
  [CLOSE_NOTIFY]: 'close_notify',
  1: 'end_of_early_data',
  [UNEXPECTED_MESSAGE]: 'unexpected_message',
  [BAD_RECORD_MAC]: 'bad_record_mac',
  [DECRYPTION_FAILED]: 'decryption_failed',
  22: 'record_overflow',
  30: 'decompression_failure',
  [HANDSHAKE_FAILURE]: 'handshake_failure',
  41: 'no_certificate',
  [BAD_CERTIFICATE]: 'bad_certificate',
  [UNSUPPORTED_CERTIFICATE]: 'unsupported_certificate',
  44: 'certificate_revoked',
  [CERTIFICATE_EXPIRED]: 'certificate_expired',
  [CERTIFICATE_UNKNOWN]: 'certificate_unknown',
  [ILLEGAL_PARAMETER]: 'illegal_parameter',
  [UNKNOWN_CA]: 'unknown_ca',
  [ACCESS_DENIED]: 'access_denied',
  [DECODE_ERROR]: 'decode_error',
  [DECRYPT_ERROR]: 'decrypt_error',
  52: 'too_many_cids_requested',
  60: 'export_restriction',
  [PROTOCOL_VERSION]: 'protocol_version',
  [INSUFFICIENT_SECURITY]: 'insufficient_security',
  [INTERNAL_ERROR]: 'internal_error',
  [INAPPROPRIATE_FALLBACK]: 'inappropriate_fallback',
  [USER_CANCELED]: 'user_canceled',
  [NO_RENEGOTIATION]: 'no_renegotiation',
  [MISSING_EXTENSION]: 'missing_extension',
  [UNSUPPORTED_EXTENSION]: 'unsupported_extension',
  111: 'certificate_unobtainable',
  [UNRECOGNIZED_NAME]: 'unrecognized_name',
  113: 'bad_certificate_status_response',
  114: 'bad_certificate_hash_value',
  [UNKNOWN_PSK_IDENTITY]: 'unknown_psk_identity',
  [CERTIFICATE_REQUIRED]: 'certificate_required',
  117: 'general_error',
  [NO_APPLICATION_PROTOCOL]: 'no_application_protocol',
  121: 'ech_required',
};

/** `warning` or `fatal`; `unknown_0x…` for others. RFC 8446 §6. */
export function alertLevelName(level: number): string {
  return nameOf(LEVELS, level, 2);
}

/** `close_notify`, `bad_record_mac`, …; `unknown_0x…` for others. RFC 8446 §6, RFC 5246 §7.2. */
export function alertDescriptionName(description: number): string {
  return nameOf(DESCRIPTIONS, description, 2);
}
