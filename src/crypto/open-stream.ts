import { AuthenticatedHeader, hasConnectionId } from './authenticated-header.ts';
import {
  type Construction,
  failed,
  lengthOf,
  macForm,
  openInner,
  type PreparedRecord,
  type StreamPosition,
} from './construction.ts';
import type { Deviation, DirectionKeys, Opening, Protection, SealedRecord } from './protection.ts';
import { Rc4 } from './rc4.ts';
import { macStandsAt, RecordMac } from './record-mac.ts';

/** NULL and stream ciphers: content and MAC, both under the key stream. RFC 5246 §6.2.3.1. */
export class StreamConstruction implements Construction {
  private readonly protection: Protection;
  private readonly header: AuthenticatedHeader;
  private readonly mac: RecordMac;
  private readonly cipher: Rc4 | undefined;
  private octets = 0;

  constructor(protection: Protection, keys: DirectionKeys, position: StreamPosition) {
    this.protection = protection;
    this.header = new AuthenticatedHeader(protection);
    this.mac = new RecordMac(keys.mac, protection.version);
    this.octets = position.streamOctets;
    if (protection.suite.mode === 'stream') {
      this.cipher = new Rc4(keys.key);
      this.cipher.skip(this.octets);
    }
  }

  get position(): StreamPosition {
    return { streamOctets: this.octets };
  }

  prepare(record: SealedRecord, deviation: Deviation): PreparedRecord | Opening {
    const form = macForm(this.protection, deviation);
    if (form === undefined) return { kind: 'unsupported', cipher: this.protection.suite.mac };
    const { bytes, start, end } = record;
    const length = end - start - form.octets;
    if (length < 0) return failed('length');
    const plaintext = this.cipher?.clone().apply(bytes, start, end) ?? bytes.slice(start, end);
    const content = plaintext.subarray(0, length);
    const covered = content.subarray(0, Math.max(length - (deviation.innerLess ?? 0), 0));
    const { hash } = form;
    const authenticated =
      deviation.length === undefined
        ? covered.length
        : lengthOf(deviation.length, end - start, 0, form.octets, length);
    return {
      kind: 'prepared',
      at: (sequence, epoch) => {
        if (hash !== undefined) {
          const header = this.header.write(record, sequence, epoch, authenticated, deviation);
          const mac = this.mac.of(hash, header, covered);
          if (!macStandsAt(plaintext, length, mac, form.octets)) return failed('mac');
        }
        if (hasConnectionId(record, this.protection)) return openInner(content);
        return { kind: 'opened', type: record.type, content };
      },
    };
  }

  pass({ start, end }: SealedRecord): void {
    this.octets += end - start;
    this.cipher?.skip(end - start);
  }
}
