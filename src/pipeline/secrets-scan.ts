import { CaptureReader } from '../capture/capture-reader.ts';
import { TLS_KEY_LOG } from '../capture/decryption-secrets.ts';
import { emptyFacts } from './capture-facts.ts';

const SECTION_HEADER = 0x0a0d0d0a;

/**
 * Collects the key logs that a pcapng file carries, wherever in the file they stand: a block may follow the packets that
 * it opens. Octets go in as for an analysis; packets are stepped over.
 */
export class SecretsScan {
  /** Key logs in file order. */
  readonly keyLogs: Uint8Array[] = [];
  private readonly reader: CaptureReader;
  private begun = false;

  constructor() {
    const nothing = { packet() {}, notice() {} };
    this.reader = new CaptureReader(nothing, nothing, emptyFacts('', null), {
      reader: 'native',
      firstPacketNumber: 1,
      onSecrets: ({ type, octets }) => {
        if (type === TLS_KEY_LOG) this.keyLogs.push(octets);
      },
    });
  }

  /** @returns false when the file is of a format that carries no secrets: the rest need not be read */
  push(chunk: Uint8Array): boolean {
    if (!this.begun) {
      this.begun = true;
      if (chunk.length >= 4 && !isSectionHeader(chunk)) return false;
    }
    this.reader.push(chunk);
    return !this.reader.finished;
  }
}

function isSectionHeader(octets: Uint8Array): boolean {
  return new DataView(octets.buffer, octets.byteOffset).getUint32(0) === SECTION_HEADER;
}
