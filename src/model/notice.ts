/** What kept the tool from reading something: codes, with their sentence. `{needed}` and `{available}` are octets. */
export const NOTICES = {
  'capture-empty': 'the file holds no packet',
  'capture-truncated':
    'the capture breaks off in the middle of a packet: {needed} octets needed, {available} there',
  'capture-damaged':
    'a length in the capture file cannot be right ({needed} octets claimed, {available} possible); reading resumed where the next header made sense, or stopped',
  'capture-dropped-packets':
    'the capturing host dropped {needed} packets for want of room, so octets may be missing that were on the wire',
  'capture-unknown-block': 'blocks of unknown type were skipped by their length',
  'capture-odd-header': 'the file header is unusual and was read as far as it makes sense',
  'compressed-data-damaged':
    'the compressed data breaks off or is damaged; what could be unpacked was read',
  'link-type-unsupported': 'packets of a link type that is not decoded were skipped',
  'packets-encrypted': 'encrypted packets were seen, and nobody can tell what is in them',
  'packets-not-followed': 'packets were seen that may carry connections and are not read here',
  'packet-cut':
    'packets were captured in part (snap length): {needed} octets on the wire, {available} captured',
  'captured-twice':
    'packets were captured twice (on two interfaces, by a mirror port, or on both sides of a router); each counts once',
  'captured-at-two-points':
    'another capture, taken at the same time, shows {needed} packets of this one too; each counts once',
  'large-packets':
    'packets are larger than any network carries (up to {needed} octets), as a driver hands them to its network card or the loopback interface does: sizes and numbers of packets are not those on a wire',
  'seen-on-both-sides':
    'captured more than once, with other addresses or ports: {needed} handshakes, on both sides of an address translator, or of a proxy that passes TLS on',
  'packet-malformed':
    'a header claims more octets than the packet has: {needed} needed, {available} there',
  'ip-fragments-incomplete': 'an IP packet could not be put together: fragments are missing',
  'ip-fragments-overlap':
    'IP fragments overlap with different octets; the first ones seen were kept',
  'ip-fragments-limit': 'too many IP packets or fragments at one time; the oldest were given up',
  'tcp-gap': 'octets of a TCP stream are missing from the capture',
  'tcp-overlap-differs':
    'a TCP retransmission carries other octets than the first copy; the first ones were kept',
  'tcp-early-limit': 'too many octets beyond a gap of a TCP stream; the gap was declared lost',
  'tcp-urgent':
    'a TCP segment carries urgent data; it was taken as part of the stream, which not every receiver does',
  'tcp-multipath':
    'a TCP connection speaks Multipath TCP: what takes another path is not part of the stream that was read',
  'tls-resynchronised': 'record boundaries were lost after missing octets and found again',
  'tls-begins-again':
    'octets that are no TLS, as plain text is, stand between records; they were passed over',
  'tls-boundaries-lost': 'record boundaries were lost and not found again',
  'tls-not-a-record': 'octets that are no record header stand where one is due',
  'message-too-long': 'a handshake message exceeds the limit of what is assembled',
  'message-malformed':
    'a handshake message ends before its fields do: {needed} octets needed, {available} there',
  'dtls-fragments-limit': 'too many fragments of one DTLS handshake message',
  'connection-id-length-unknown':
    'DTLS records with a connection id were not read: the capture lacks the handshake that settled how long it is',
  'limit-reached': 'a bound of the analysis was reached; see the coverage',
  'clock-backwards':
    'the file begins before the end of the one that it continues: the clock was set back, and times across it mislead',
  'clock-set-back':
    'the time of a packet is before that of the one in front of it: the clock was set back, or captures of several clocks were put together; times across it mislead',
  'no-times':
    'all packets have the same time: how long anything took is not known, and rules that rest on it do not judge',
  'internal-error': 'a fault of the tool itself; the analysis went on without this part',
} as const;

export type NoticeCode = keyof typeof NOTICES;

/** Something that could not be read, and where. Counts replace repetition (`LIMITS.noticesPerCode`). */
export interface CaptureNotice {
  readonly code: NoticeCode;
  /** 0 for the file as a whole. Over all captures of the run where a stage tells it, within its file where it is kept. */
  readonly packetNumber: number;
  /** Octets into the file (capture notices) or the packet; -1 where it has no meaning. */
  readonly offset: number;
  readonly needed: number;
  readonly available: number;
  /** What the sentence of the code cannot say; from our own words or escaped by the report. */
  readonly detail?: string;
  /** `detail` counts all of its kind in the capture, so that notices of the same code say different things. */
  readonly counted?: boolean;
}

/** Takes notices from any stage. */
export interface NoticeSink {
  notice(notice: CaptureNotice): void;
}
