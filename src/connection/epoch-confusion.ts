import { alertDescriptionName } from '../model/code-points/alerts.ts';
import { handshakeTypeName, KEY_UPDATE } from '../model/code-points/handshake-types.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import { DTLS_MESSAGE_HEADER, type Fragment, readFragment } from './dtls-messages.ts';
import type { DtlsRecord } from './dtls-record.ts';

const ALERT_OCTETS = 2;

/**
 * What a record holds that shows an epoch with keys and is not protected; undefined where it may be ciphertext. Only what
 * protection cannot give by chance counts: a message whole, with all lengths in agreement, or content shorter than any tag.
 */
export function unprotectedContent(r: DtlsRecord, fragment: Fragment): string | undefined {
  const { bytes, start, end, length } = r;
  if (end - start !== length) return undefined;
  switch (r.contentType) {
    case CONTENT_TYPE.handshake: {
      const isWhole =
        readFragment(bytes, start, end, fragment) &&
        fragment.offset === 0 &&
        fragment.end === end &&
        fragment.length === length - DTLS_MESSAGE_HEADER &&
        fragment.type <= KEY_UPDATE;
      return isWhole ? handshakeTypeName(fragment.type) : undefined;
    }
    case CONTENT_TYPE.changeCipherSpec:
      return length === 1 && bytes[start] === 1 ? 'ChangeCipherSpec' : undefined;
    case CONTENT_TYPE.alert:
      return length === ALERT_OCTETS && (bytes[start] === 1 || bytes[start] === 2)
        ? `alert ${alertDescriptionName(bytes[start + 1] as number)}`
        : undefined;
    default:
      return undefined;
  }
}
