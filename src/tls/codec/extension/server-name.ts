import type { ByteReader } from '../../../bytes/reader.ts';
import { readVector, readWindow } from '../lists.ts';
import { textOf } from '../text.ts';

/**
 * `ServerName server_name_list<1..2^16-1>`: the first host name, undefined if there is none or an empty one. Names of
 * types other than host_name are stepped over as vectors, which is what all deployed implementations assume them to be.
 * RFC 6066 §3.
 */
export function readServerName(r: ByteReader): string | undefined {
  const list = readWindow(r, 'server_name_list', 2);
  while (list.remaining > 0) {
    const type = list.u8('name_type');
    const name = readVector(list, 'HostName', 2);
    if (list.stopped) return undefined;
    if (type === HOST_NAME) return name.length === 0 ? undefined : textOf(name);
  }
  return undefined;
}

const HOST_NAME = 0;
