import { ByteReader } from '../../bytes/reader.ts';
import type { Extension } from '../../model/message.ts';
import { readVector, readWindow } from './lists.ts';

/** The extensions of a message as they stood, and a reader over the body of each type. */
export interface ExtensionList {
  readonly extensions: readonly Extension[];
  /** Where a type occurs twice, which RFC 8446 §4.2 forbids, the last one counts. */
  readonly bodies: Bodies;
}

/** Bodies of extensions, found when asked for: few are, and a message has room for sixteen thousand. */
class Bodies {
  private readonly list: ByteReader;
  private readonly types: number[] = [];
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];

  constructor(list: ByteReader) {
    this.list = list;
  }

  add(type: number, start: number, end: number): void {
    this.types.push(type);
    this.starts.push(start);
    this.ends.push(end);
  }

  get(type: number): ByteReader | undefined {
    const place = this.types.lastIndexOf(type);
    if (place < 0) return undefined;
    return this.list.again(this.starts[place] as number, this.ends[place] as number);
  }
}

/** `Extension extensions<0..2^16-1>`. RFC 8446 §4.2. */
export function readExtensionList(r: ByteReader): ExtensionList {
  const extensions: Extension[] = [];
  const list = readWindow(r, 'extensions', 2);
  const bodies = new Bodies(list);
  while (list.remaining > 0) {
    const type = list.u16('extension_type');
    const data = readVector(list, 'extension_data', 2);
    if (list.stopped) break;
    extensions.push({ type, data });
    bodies.add(type, list.offset - data.length, list.offset);
  }
  return { extensions, bodies };
}

/** The same for a hello, which may end before the list. RFC 5246 §7.4.1.2. */
export function readOptionalExtensionList(r: ByteReader): ExtensionList {
  return r.remaining > 0 ? readExtensionList(r) : NO_EXTENSIONS;
}

const NO_EXTENSIONS: ExtensionList = {
  extensions: [],
  bodies: new Bodies(new ByteReader(new Uint8Array(0))),
};
