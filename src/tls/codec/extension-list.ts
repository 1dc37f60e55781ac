import type { ByteReader } from '../../bytes/reader.ts';
import type { Extension } from '../../model/message.ts';
import { readWindow } from './lists.ts';

/** The extensions of a message as they stood, and a reader over the body of each type. */
export interface ExtensionList {
  readonly extensions: readonly Extension[];
  /** Where a type occurs twice, which RFC 8446 §4.2 forbids, the last one counts. */
  readonly bodies: ReadonlyMap<number, ByteReader>;
}

/** `Extension extensions<0..2^16-1>`. RFC 8446 §4.2. */
export function readExtensionList(r: ByteReader): ExtensionList {
  const extensions: Extension[] = [];
  const bodies = new Map<number, ByteReader>();
  const list = readWindow(r, 'extensions', 2);
  while (list.remaining > 0) {
    const type = list.u16('extension_type');
    const body = readWindow(list, 'extension_data', 2);
    if (list.stopped) break;
    bodies.set(type, body.fork());
    extensions.push({ type, data: body.rest() });
  }
  return { extensions, bodies };
}

/** The same for a hello, which may end before the list. RFC 5246 §7.4.1.2. */
export function readOptionalExtensionList(r: ByteReader): ExtensionList {
  return r.remaining > 0 ? readExtensionList(r) : NO_EXTENSIONS;
}

const NO_EXTENSIONS: ExtensionList = { extensions: [], bodies: new Map() };
