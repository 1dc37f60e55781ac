import { ByteReader, type Shortfall } from '../../bytes/reader.ts';
import {
  APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
  CERTIFICATE_AUTHORITIES,
  CLIENT_CERTIFICATE_TYPE,
  COMPRESS_CERTIFICATE,
  CONNECTION_ID,
  COOKIE,
  DRAFT_CONNECTION_ID,
  EARLY_DATA,
  EC_POINT_FORMATS,
  ENCRYPT_THEN_MAC,
  ENCRYPTED_CLIENT_HELLO,
  EXTENDED_MASTER_SECRET,
  HEARTBEAT_MODE,
  KEY_SHARE,
  MAX_FRAGMENT_LENGTH,
  OID_FILTERS,
  PADDING,
  POST_HANDSHAKE_AUTH,
  PRE_SHARED_KEY,
  PSK_KEY_EXCHANGE_MODES,
  RECORD_SIZE_LIMIT,
  RENEGOTIATION_INFO,
  SERVER_CERTIFICATE_TYPE,
  SERVER_NAME,
  SESSION_TICKET,
  SIGNATURE_ALGORITHMS,
  SIGNATURE_ALGORITHMS_CERT,
  SIGNED_CERTIFICATE_TIMESTAMP,
  STATUS_REQUEST,
  SUPPORTED_GROUPS,
  SUPPORTED_VERSIONS,
  TRUNCATED_HMAC,
  UNREGISTERED_CONNECTION_ID,
  USE_SRTP,
} from '../../model/code-points/extensions.ts';
import type { Extension } from '../../model/message.ts';
import {
  readAuthorities,
  readCompressionAlgorithms,
  readGroups,
  readSignatureSchemes,
  readSrtpProfiles,
} from './extension/code-lists.ts';
import { readClientShares, readSelectedGroup, readServerShare } from './extension/key-share.ts';
import {
  readAll,
  readFlag,
  readNumber16,
  readNumber32,
  readOctet,
  readOctetList,
  readOpaque8,
  readOpaque16,
} from './extension/plain.ts';
import { readOfferedPsks, readSelectedIdentity } from './extension/pre-shared-key.ts';
import { readProtocolNames } from './extension/protocol-names.ts';
import { readServerName } from './extension/server-name.ts';
import { readOfferedVersions, readSelectedVersion } from './extension/supported-versions.ts';

/**
 * Messages that carry extensions, as RFC 8446 §4.2 abbreviates them: ClientHello, ServerHello, HelloRetryRequest,
 * EncryptedExtensions, Certificate, CertificateRequest, NewSessionTicket.
 */
export type Carrier = 'CH' | 'SH' | 'HRR' | 'EE' | 'CT' | 'CR' | 'NST';

/** How the body of one extension is read. */
export interface ExtensionCodec {
  /** Clause that defines the body. */
  readonly source: string;
  /** Messages that may carry it, in any version of TLS. */
  readonly carriers: readonly Carrier[];
  /** Reads the body as it stands in this carrier. */
  readonly read: (r: ByteReader, carrier: Carrier) => unknown;
}

/**
 * Extension codecs by type. An unlisted type is kept as octets; it is not an error. Names are in the model's table.
 *
 * `carriers` joins the table of RFC 8446 §4.2 with the answers in ServerHello that TLS 1.2 had.
 */
export const EXTENSION_CODECS: Readonly<Record<number, ExtensionCodec>> = {
  [SERVER_NAME]: {
    source: 'RFC 6066 §3',
    carriers: ['CH', 'SH', 'EE'],
    read: (r, carrier) => (carrier === 'CH' ? readServerName(r) : readFlag(r)),
  },
  [MAX_FRAGMENT_LENGTH]: {
    source: 'RFC 6066 §4',
    carriers: ['CH', 'SH', 'EE'],
    read: readOctet,
  },
  [TRUNCATED_HMAC]: { source: 'RFC 6066 §7', carriers: ['CH', 'SH'], read: readFlag },
  [STATUS_REQUEST]: {
    source: 'RFC 6066 §8',
    carriers: ['CH', 'SH', 'CR', 'CT'],
    read: readAll,
  },
  [SUPPORTED_GROUPS]: {
    source: 'RFC 8446 §4.2.7',
    carriers: ['CH', 'EE'],
    read: readGroups,
  },
  [EC_POINT_FORMATS]: {
    source: 'RFC 8422 §5.1.2',
    carriers: ['CH', 'SH'],
    read: readOctetList,
  },
  [SIGNATURE_ALGORITHMS]: {
    source: 'RFC 8446 §4.2.3',
    carriers: ['CH', 'CR'],
    read: readSignatureSchemes,
  },
  [USE_SRTP]: {
    source: 'RFC 5764 §4.1.1',
    carriers: ['CH', 'SH', 'EE'],
    read: readSrtpProfiles,
  },
  [HEARTBEAT_MODE]: {
    source: 'RFC 6520 §2',
    carriers: ['CH', 'SH', 'EE'],
    read: readOctet,
  },
  [APPLICATION_LAYER_PROTOCOL_NEGOTIATION]: {
    source: 'RFC 7301 §3.1',
    carriers: ['CH', 'SH', 'EE'],
    read: readProtocolNames,
  },
  [SIGNED_CERTIFICATE_TIMESTAMP]: {
    source: 'RFC 6962 §3.3.1',
    carriers: ['CH', 'SH', 'CR', 'CT'],
    read: readAll,
  },
  [CLIENT_CERTIFICATE_TYPE]: {
    source: 'RFC 7250 §3',
    carriers: ['CH', 'SH', 'EE'],
    read: readCertificateTypes,
  },
  [SERVER_CERTIFICATE_TYPE]: {
    source: 'RFC 7250 §3',
    carriers: ['CH', 'SH', 'EE'],
    read: readCertificateTypes,
  },
  [PADDING]: { source: 'RFC 7685 §3', carriers: ['CH'], read: readAll },
  [ENCRYPT_THEN_MAC]: { source: 'RFC 7366 §2', carriers: ['CH', 'SH'], read: readFlag },
  [EXTENDED_MASTER_SECRET]: { source: 'RFC 7627 §5.1', carriers: ['CH', 'SH'], read: readFlag },
  [COMPRESS_CERTIFICATE]: {
    source: 'RFC 8879 §3',
    carriers: ['CH', 'CR'],
    read: readCompressionAlgorithms,
  },
  [RECORD_SIZE_LIMIT]: {
    source: 'RFC 8449 §4',
    carriers: ['CH', 'SH', 'EE'],
    read: readNumber16,
  },
  [SESSION_TICKET]: { source: 'RFC 5077 §3.2', carriers: ['CH', 'SH'], read: readAll },
  [PRE_SHARED_KEY]: {
    source: 'RFC 8446 §4.2.11',
    carriers: ['CH', 'SH'],
    read: (r, carrier) => (carrier === 'CH' ? readOfferedPsks(r) : readSelectedIdentity(r)),
  },
  [EARLY_DATA]: {
    source: 'RFC 8446 §4.2.10',
    carriers: ['CH', 'EE', 'NST'],
    read: (r, carrier) => (carrier === 'NST' ? readNumber32(r) : readFlag(r)),
  },
  [SUPPORTED_VERSIONS]: {
    source: 'RFC 8446 §4.2.1',
    carriers: ['CH', 'SH', 'HRR'],
    read: (r, carrier) => (carrier === 'CH' ? readOfferedVersions(r) : readSelectedVersion(r)),
  },
  [COOKIE]: { source: 'RFC 8446 §4.2.2', carriers: ['CH', 'HRR'], read: readOpaque16 },
  [PSK_KEY_EXCHANGE_MODES]: {
    source: 'RFC 8446 §4.2.9',
    carriers: ['CH'],
    read: readOctetList,
  },
  [CERTIFICATE_AUTHORITIES]: {
    source: 'RFC 8446 §4.2.4',
    carriers: ['CH', 'CR'],
    read: readAuthorities,
  },
  [OID_FILTERS]: { source: 'RFC 8446 §4.2.5', carriers: ['CR'], read: readAll },
  [POST_HANDSHAKE_AUTH]: { source: 'RFC 8446 §4.2.6', carriers: ['CH'], read: readFlag },
  [SIGNATURE_ALGORITHMS_CERT]: {
    source: 'RFC 8446 §4.2.3',
    carriers: ['CH', 'CR'],
    read: readSignatureSchemes,
  },
  [KEY_SHARE]: {
    source: 'RFC 8446 §4.2.8',
    carriers: ['CH', 'SH', 'HRR'],
    read: readKeyShare,
  },
  [DRAFT_CONNECTION_ID]: { source: 'RFC 9146 §10.1', carriers: ['CH', 'SH'], read: readOpaque8 },
  [UNREGISTERED_CONNECTION_ID]: {
    source: 'RFC 9146 §3',
    carriers: ['CH', 'SH'],
    read: readOpaque8,
  },
  [CONNECTION_ID]: { source: 'RFC 9146 §3', carriers: ['CH', 'SH'], read: readOpaque8 },
  [ENCRYPTED_CLIENT_HELLO]: {
    source: 'RFC 9849 §5',
    carriers: ['CH', 'HRR', 'EE'],
    read: readAll,
  },
  [RENEGOTIATION_INFO]: { source: 'RFC 5746 §3.2', carriers: ['CH', 'SH'], read: readOpaque8 },
};

/** What an extension says, and what did not fit. Offsets count from the start of its body. */
export interface DecodedExtension {
  readonly value: unknown;
  readonly shortfalls: readonly Shortfall[];
  readonly strayOctets: number;
}

/** Reads the body of an extension; undefined for a type without a codec. */
export function decodeExtension(
  { type, data }: Extension,
  carrier: Carrier,
): DecodedExtension | undefined {
  const codec = EXTENSION_CODECS[type];
  if (codec === undefined) return undefined;
  const r = new ByteReader(data);
  const value = codec.read(r, carrier);
  return { value, shortfalls: r.shortfalls, strayOctets: r.remaining };
}

/** May a message of this kind carry the extension? Undefined where the table does not know the type. */
export function mayCarry(type: number, carrier: Carrier): boolean | undefined {
  return EXTENSION_CODECS[type]?.carriers.includes(carrier);
}

/** `CertificateType` list of the client, the server's choice in its answer. RFC 7250 §3. */
function readCertificateTypes(r: ByteReader, carrier: Carrier): number | number[] {
  return carrier === 'CH' ? readOctetList(r) : readOctet(r);
}

function readKeyShare(r: ByteReader, carrier: Carrier): unknown {
  if (carrier === 'CH') return readClientShares(r);
  return carrier === 'HRR' ? readSelectedGroup(r) : readServerShare(r);
}
