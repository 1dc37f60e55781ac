import type { CaptureFacts } from '../model/packet.ts';

/** The facts of a capture of which nothing was read yet. */
export function emptyFacts(path: string, compression: CaptureFacts['compression']): CaptureFacts {
  return {
    path,
    compression,
    format: 'unknown',
    octets: 0,
    packets: 0,
    frames: 0,
    cutPackets: 0,
    largestPacket: 0,
    firstTime: null,
    lastTime: null,
    interfaces: [],
    comments: [],
    commentsOmitted: 0,
    hostNames: new Map(),
    hostNamesOmitted: 0,
  };
}
