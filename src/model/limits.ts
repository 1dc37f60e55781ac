/**
 * Every bound of the analysis, with its reason and what happens when it is reached. A capture is hostile input: what is
 * not bounded here must be bounded by the size of one packet.
 */
export const LIMITS = {
  /** Octets read from a file at once. Larger blocks gain nothing once the page cache streams. */
  readBlockOctets: 1024 * 1024,
  /** Octets at the beginning of a file that are looked at for what it is compressed with: skippable frames may come first. */
  sniffedOctets: 64 * 1024,
  /** Memory that unpacking may take for what it refers back to (zstd windows, xz dictionaries). What needs more is refused. */
  unpackWindowOctets: 512 * 1024 * 1024,
  /** Packet headers of zeros in a row that count as packets; more are none but room that was never written. */
  blankRecords: 16,
  /** Largest captured length of one packet that is believed (libpcap's own ceiling is 256 KiB). Above: damage. */
  packetOctets: 16 * 1024 * 1024,
  /** Packets above this were not on a network: jumbo frames end at some 9,216 octets, and a link layer adds to that. */
  networkPacketOctets: 9_300,
  /** Largest pcapng block that is believed; larger ones are skipped by their length with a notice. */
  blockOctets: 64 * 1024 * 1024,
  /** Interfaces of one pcapng section. Further ones are damage. */
  interfaces: 65_536,
  /** Comments of one capture that are kept, and octets of each; further ones are counted, longer ones cut. */
  comments: 1000,
  commentOctets: 1024,
  /** Addresses of one capture whose names are kept, names of one, and octets of a name (RFC 1035 §2.3.4). */
  hostNames: 16_384,
  namesPerHost: 8,
  hostNameOctets: 255,
  /** Places at which reading of one damaged capture is taken up again; after that it stops. Bounds the searching. */
  captureResynchronisations: 256,
  /** Captures that overlap in time and are open at once; with more, they have to be merged first. Each takes a block and what waits. */
  openCaptures: 64,
  /** Octets of a capture handed on at once while it waits for others, and copied for that. */
  waitingOctets: 64 * 1024,
  /** Packets remembered to find their second view in another capture: some seconds of a busy link. */
  secondViewPackets: 131_072,
  /** Octets at the beginning of a capture in which its first packet is looked for; one without it is read last, and named. */
  firstPacketOctets: 64 * 1024 * 1024,
  /**
   * A file that begins further than this before the end of the one that it continues was written by another clock, and so was
   * a packet that lies further before the one in front of it: queues and cards disorder packets by less.
   */
  clockStepNanos: 1e9,
  /** Octets of embedded key log (all Decryption Secrets Blocks together) that are kept. */
  embeddedSecretsOctets: 64 * 1024 * 1024,
  /** Octets of one file with secrets: a key log of four million lines. */
  secretFileOctets: 1024 * 1024 * 1024,

  /** Nested link, tunnel and network headers in one packet. A packet nested deeper is left undecoded. */
  decodeLayers: 16,
  /** Kinds of packets without TCP or UDP that are counted apart (EtherTypes, protocols); those of others together. */
  passedOverKinds: 256,
  /** IP packets being reassembled at one time; the oldest gives way. RFC 791 and RFC 8200 datagrams end at 64 KiB. */
  ipReassemblies: 1024,
  /** Fragments of one IP packet: 64 KiB in the smallest legal pieces is 8,192; honest ones need a few dozen. */
  ipFragments: 1024,
  /** A fragment older than this no longer joins others (RFC 8200 §4.5: 60 s; RFC 1122 allows 120 s). */
  ipReassemblyNanos: 60e9,

  /** A segment further ahead than this is a stray: no stack keeps a larger receive window by default. */
  tcpWindowOctets: 16 * 1024 * 1024,
  /** Octets and segments delivered last, over all TCP connections, that what is sent again is compared with. A power of two each. */
  tcpSentOctets: 256 * 1024,
  tcpSentSegments: 256,
  /** Directions whose last repeated segment is remembered; the oldest gives way. Some 200 octets each. */
  tcpRepeats: 4096,
  /** Octets at the beginning of a direction in which that is done: handshakes are there. */
  tcpRepeatOctets: 64 * 1024,
  /** Octets of early segments (beyond a gap) kept over all TCP connections. The connection that needs more loses its gap. */
  tcpEarlyOctets: 24 * 1024 * 1024,
  /** Early octets of one direction before its gap is declared lost. Two default receive windows. */
  tcpEarlyOctetsPerHalf: 1024 * 1024,
  /** Early ranges of one direction before its gap is declared lost. */
  tcpEarlyRangesPerHalf: 256,
  /** The same once the peer acknowledged octets beyond the gap: they reached it, the capture lacks them for good. */
  tcpEarlyRangesAcknowledged: 64,
  /**
   * TCP connections that are not over and of which something is kept that few have (reused ports, two copies of a segment that
   * differ), of some kB each. Of further ones it is not, and nobody is accused on their flow.
   */
  remarkedConnections: 65_536,
  /** Capture time after which such a gap is given up. */
  tcpGapAcknowledgedNanos: 3e9,
  /**
   * Flows of TCP, and of UDP, that are told apart. Beyond, some that was silent long is forgotten with what is open on it, one
   * of which nothing is kept first; it is a new one when it goes on. Each takes some 65 octets, a TCP connection that is open
   * some 100 to 600 more.
   */
  flows: 1_048_576,
  /** TCP connections and DTLS flows whose state is kept after they closed, in case of late packets. */
  closedConnections: 4096,
  /** Capture time after which a closed connection is final (twice the 60 s TIME-WAIT that kernels use). */
  closedNanos: 120e9,
  /** Capture time without a packet after which an open connection is final. */
  idleNanos: 3600e9,
  /**
   * The same for DTLS whose handshake is not complete: ten times the longest timer of RFC 6347 §4.2.4.1, which whoever waits
   * for the other sends again by.
   */
  handshakeNanos: 600e9,
  /** A packet this much later than all before it is believed when another one follows it: a stray time ends nothing. */
  clockLeapNanos: 60e9,
  /**
   * DTLS flows with associations that are not final. Beyond, the one among some that was silent longest is taken for
   * over. Each takes some 2 KiB, or half a KiB packed.
   */
  openDtlsFlows: 65_536,
  /** Flows looked at for that, and connections looked at in each second of capture time for having been silent too long. */
  flowsLookedAt: 64,

  /**
   * Peers and channels behind TURN relays that are told apart; DTLS with further ones is not looked at. An entry takes some
   * 40 octets.
   */
  turnPeers: 65_536,
  /** TCP connections whose octets are frames with datagrams, over the run; those of further ones are not looked at. */
  carriedFlows: 65_536,

  /** QUIC connections that are named; 5-tuples beyond are counted. */
  quicConnections: 4096,
  /** Initial packets that are opened, or not, over the run; after that connections are named by version only. Some 3 s. */
  quicTrials: 65_536,
  /** Initial packets of one 5-tuple that may fail to open before no more are tried. */
  quicFailures: 4,
  /** Initial packets opened for one connection: hellos take two or three, sent again a few times. */
  quicInitials: 64,
  /** Octets of one side's first QUIC message that are put together, in how many pieces that do not touch. */
  quicHelloOctets: 16 * 1024,
  quicPieces: 64,
  /** Connections whose hellos are put together at one time; the oldest gives way. */
  quicGathering: 256,
  /** Connection ids remembered for one connection. */
  quicIds: 4,

  /** TCP connections without TLS (so far) of which is kept what was said last; the oldest gives way. Half a KiB each. */
  plainTalks: 16_384,
  /** Octets of one of them, and of one direction, in which a request for TLS is looked for. */
  plainTalkOctets: 64 * 1024,
  /**
   * Directions whose segment ends within a request to a proxy or its answer, the oldest gives way; and octets of such that
   * are kept of one. TLS that begins further on in a segment is missed beyond.
   */
  proxyRequests: 1024,
  proxyRequestOctets: 4096,
  /** Octets of one handshake message that are assembled. Longer ones are counted, not read. Chains reach 64 KiB rarely. */
  handshakeMessageOctets: 256 * 1024,
  /** Octets of unfinished handshake messages over all connections. */
  handshakeOctets: 32 * 1024 * 1024,
  /**
   * Octets of handshakes in the clear, kept over all connections and in one direction until both Finished were seen.
   * Beyond, signatures are not verified. A flight with its certificates takes some 5 KiB.
   */
  clearHandshakeOctets: 32 * 1024 * 1024,
  clearHandshakeOctetsPerHalf: 64 * 1024,
  /** Octets of hellos of more than 2 KiB over all connections that are not over. What is in a further one is not known: a blind spot. */
  longHelloOctets: 128 * 1024 * 1024,
  /** Rooms of each size that wait for the next connection. */
  spareRooms: 64,
  /** Handshakes up to TLS 1.2 whose randoms are kept, to find one that a server signed by mistake: the newest ones. */
  recentHandshakes: 1024,
  /** Octets of protected records that TCP split, while they are put together, where there are secrets; others are skipped. */
  sealedOctets: 64 * 1024 * 1024,
  /** Octets of one handshake's transcript, kept until its Finished are checked; only where there are secrets. */
  transcriptOctets: 512 * 1024,
  /** The same over all connections. Beyond half of it, only handshakes that are not finished keep theirs. */
  transcriptOctetsInAll: 64 * 1024 * 1024,
  /** HelloRequests kept with a handshake, which nobody should hash. */
  helloRequests: 16,
  /** Sessions whose secrets are remembered for resumption. */
  resumableSessions: 65_536,
  /** Records of one connection that did not open and are told in full; further ones are counted. */
  failedRecordsPerConnection: 16,
  /** Connections whose keys are kept to the end, to find the owner of a record that nobody could open. */
  ownerCandidates: 262_144,
  /** How many of them are tried for one record: the likeliest. */
  ownersTried: 16_384,
  /** Records, and their octets, that are kept for that search. */
  strayRecords: 256,
  strayOctets: 4 * 1024 * 1024,
  /** Keys of one TLS direction that are remembered when it turns to others. */
  formerKeys: 4,
  /** Records of one direction for which hypotheses are tried: a wrong secret fails them all alike. */
  explainedRecords: 4,
  /** Octets of one direction's compressed records that are kept to unpack the next, and what they may unpack to. */
  compressedOctets: 64 * 1024,
  inflatedOctets: 1024 * 1024,
  /** Searches behind lost octets, for one direction. */
  gapSearches: 16,
  /** Numbers at which the first record captured under new keys is tried. */
  sequenceAfterKeyChange: 64,
  /** TLS 1.3 key generations of one direction. Each is 2^24 records of honest traffic. */
  keyGenerations: 4096,
  /** DTLS fragments of one message before it is given up. */
  dtlsFragments: 512,
  /** Messages of one DTLS association that are followed fragment by fragment, and fragments of one that others are compared with. */
  fragmentedMessages: 16,
  fragmentCuts: 128,
  /** DTLS associations of which it is kept what was sent again or in fragments; the oldest gives way, and nothing is said of it. */
  flightBooks: 16_384,
  /** Record numbers of one repeat that are kept to tell a doubled datagram from a late one; flights have a few dozen. */
  roundRecords: 64,
  /** Datagrams of one direction of a DTLS handshake of which IP fragments are missing. */
  ipHalves: 32,
  /** Repeats of flights of one association that are told each; further ones are counted. */
  flightRepeats: 64,
  /** A repeat this long after the record before is another one: half of the shortest timer of RFC 6347 §4.2.4.1. */
  flightNanos: 500e6,
  /** Handshake messages, alerts and changes of keys listed for one connection; one with more has a blind spot. */
  eventsPerConnection: 320,
  /**
   * The same over all connections that are not over, of 40 octets each, and those with octets or details of their own, of some
   * 400 each. What comes then has the same blind spot.
   */
  events: 4 * 1024 * 1024,
  detailedEvents: 131_072,
  /** Associations on one UDP 5-tuple; further ClientHellos join the last one. */
  associationsPerFlow: 4096,
  /** The same over all 5-tuples, beside the first of each. Some 2 KiB each. */
  furtherAssociations: 65_536,
  /** Associations on one 5-tuple that records are attributed to: the newest ones. */
  openAssociationsPerFlow: 8,
  /** Associations on one 5-tuple that are looked at to find whether a record may be another's: the newest ones. */
  associationsCompared: 64,
  /** Epochs remembered for one direction of an association. */
  epochsPerHalf: 4,
  /** Anomalies (late, replayed, doubtful records) listed for one connection; further ones are counted. */
  anomaliesPerConnection: 64,
  /** The same over all DTLS associations that are not over, with their ACKs and unreachable ports, of some 400 octets each. */
  anomalies: 262_144,
  /** A record within this time of the peer's closing alert is its answer or was under way; later ones are told as late. */
  promptAnswerNanos: 50e6,
  /** Two connections with one random, of which one lacks the other random, are the same seen twice if they begin within this. */
  sameJourneyNanos: 5e9,
  /** A server that refuses the client's flight does so within this; what closes later was tired of waiting. */
  refusalNanos: 2e9,
  /**
   * A DTLS record whose number is further ahead than this, and than the rate of its direction explains, is set apart
   * until another one confirms the jump.
   */
  dtlsFarAhead: 1024,
  /** Connection ids taken from one NewConnectionId of DTLS 1.3. */
  announcedConnectionIds: 16,
  /** ACKs of DTLS 1.3 kept of one association, and record numbers of one: a flight of some 20 KiB in the smallest datagrams. */
  acksPerConnection: 64,
  recordNumbersPerAck: 64,
  /** Equal datagrams with equal IP identification within this time are one packet captured twice. */
  duplicateCaptureNanos: 5e6,
  /** Connection ids (RFC 9146) by which records are found again on another 5-tuple: the newest ones. */
  connectionIds: 65_536,
  /** The same id of several associations; the oldest gives way. */
  sameConnectionIds: 64,
  /** Further 5-tuples on which one association is followed; records on others are on their own. */
  pathsPerAssociation: 16,
  /** Associations that are followed to one 5-tuple; with more, records without an id there belong to nobody for certain. */
  pathsPerFlow: 64,
  /** Associations whose client may come back from another port without saying so: the newest ones; a multiple of four. */
  rebindingCandidates: 65_536,
  /** Directions without a handshake whose connection ids' length is worked out, and the longest one that is. */
  guessedIdLengths: 4096,
  guessedIdOctets: 64,
  /** Octets searched for the next record header after lost octets, before the direction is given up. */
  resynchroniseOctets: 1024 * 1024,

  /** Secrets kept from all key logs together, of some 100 octets each. Further lines are counted. */
  keyLogSecrets: 4 * 1024 * 1024,
  /** Secrets kept for one random: five of a handshake and one for each KeyUpdate and side. Bounds the walk along them. */
  keyLogSecretsPerRandom: 256,
  /** RSA keys kept, over all files given; more are refused. Each connection without another secret is tried with one. */
  rsaKeys: 256,
  /** Octets of a file with keys in PEM form. A key of 16,384 bits takes 13 KiB; larger files are something else. */
  pemOctets: 1024 * 1024,
  /** Messages, and extensions of a hello, that are left out or doubled in turn to explain a hash. Honest ones have fewer. */
  transcriptMessagesVaried: 64,
  /** Secrets of other randoms tried on one connection that offers an encrypted ClientHello, and over the run. Some 2 s. */
  echTrials: 4096,
  echTrialsInAll: 65_536,
  /** Signatures that do not verify, over the run, in which the mistake is looked for, of some 5 ms each; of others it is not told. */
  signaturesExplained: 1024,
  /** Other handshakes whose randoms are tried on a signature that does not verify: each takes three verifications of 0.1 ms. */
  signatureCandidates: 16,
  /** Kinds of ClientHellos (version, extensions) that are told apart; of further ones it is not known what they offer. */
  offers: 4096,
  /**
   * TLS connections of which everything is at hand, some 1.3 kB each, and TCP connections, half a kB each. With more, those
   * that none of the last so many packets belonged to are packed: what comes next for them takes some microseconds longer.
   */
  unpackedConnections: 16_384,
  silentPackets: 131_072,
  /** DTLS associations of which everything is at hand, some 2 kB each. With more, those silent for `closedNanos` are packed. */
  unpackedAssociations: 2048,
  /** Connections looked at for that when another one begins, or is unpacked. */
  rowsLookedAt: 8,
  /** Octets of both hellos, and events, of a connection that is packed; one with more stays as it is. */
  packedHelloOctets: 8192,
  packedEvents: 64,
  /** Dictionaries that packed connections are told by, and octets of each: examples of what they have in common. */
  dictionaries: 16,
  dictionaryOctets: 65_536,
  /** Fingerprints of hellos that are kept, for the next hello like them; then they are computed anew. */
  fingerprints: 4096,
  /** Certificates read of one side's list; honest chains have four or five. Of a longer one nothing is called missing. */
  certificatesRead: 10,
  /** Names in one certificate_authorities that are read; with more, nothing is said about them. Lists of 200 are long. */
  authoritiesRead: 1024,
  /** Certificates whose keys are kept read, for the next handshake that shows them. */
  certificatesKept: 64,
  /** Malformed and unmatched lines of key logs that are named; the rest is counted. */
  keyLogLinesNamed: 16,
  /** Randoms looked at, over all searches for a similar one in the key log; after that none is named. Some two seconds. */
  keyLogComparisons: 100_000_000,

  /**
   * Protected records, over all connections, with which each further one is compared to find the same ciphertext twice;
   * a power of two. A splice or a reflection takes milliseconds; older copies go unnoticed.
   */
  recordPrints: 65_536,
  /** Records off the line of their direction's explicit nonces before it is taken that there is no line. */
  nonceStrays: 8,
  /** Times that the owner of a record off its line is looked for among all open connections. */
  nonceOwnerSearches: 1024,
  /** ClientHellos whose session ids are remembered, to find the one that a ServerHello answers; a power of two. */
  helloSessionIds: 65_536,
  /** Cookies of HelloVerifyRequest and HelloRetryRequest that are remembered, to find whom a foreign one was given to; a power of two. */
  cookies: 16_384,

  /** Sessions issued in the clear that later offers are compared with: the newest ones. */
  sessions: 65_536,
  /** Hello randoms that each further one is compared with: those seen last, two of each connection. */
  helloRandoms: 196_608,

  /** Recomputations spent on one record that does not open; what is not tried then is not excluded. */
  trialsPerRecord: 6144,
  /** Sequence numbers tried below and above the expected one: a forked writer repeats a few, a lost counter is anywhere. */
  sequenceBelow: 64,
  sequenceAbove: 1024,
  /** Sequence numbers tried behind lost octets, where any of them may be the right one. */
  sequenceGap: 4096,
  /** Octets of a fragment in which each bit is tried for damage by opening the record again; longer ones are not. */
  damageTrialOctets: 1024,
  /** Octets of a GCM fragment in which pairs of flipped bits are looked for, by a table of all bits. */
  damagePairOctets: 2048,
  /** Sequence numbers tried with all other connections' keys for one record; then its owner stays unknown. */
  foreignTrials: 400_000,
  /** Of one other direction: numbers ahead of its last record, numbers back from it, and numbers from its beginning. */
  foreignAhead: 64,
  foreignBack: 4096,
  foreignFirst: 64,
  /** A match that chance gives more often than 2 to this power is none. */
  falseMatchLog2: -40,

  /** Findings kept in full for one rule; further ones are counted. */
  findingsPerRule: 10_000,
  /**
   * Findings of all rules that wait for the end of the capture, of some 2 kB each, and how many of one rule wait beyond that;
   * further ones are counted.
   */
  findingsHeld: 16_384,
  findingsHeldEach: 128,
  /** Failed connections whose fault is judged, of some 1 kB each until the end of the capture; further ones are counted. */
  faults: 10_000,
  /** Groups in which findings beyond that are counted: same rule, same words, same server. Further ones by rule only. */
  omittedGroups: 1024,
  /** Servers that repeated findings are counted by in the report; those of further ones together. */
  repeatedServers: 16_384,
  /** Numbers kept of one rule's findings that wait for the end and are counted only: some four of each. */
  findingsHeldOver: 4 * 1024 * 1024,
  /** Connections that one rule spoke about and that are remembered, so that others stay silent: the first and the last. */
  spokenConnections: 3 * 1024 * 1024,
  /** DTLS connections that went to other 5-tuples and are remembered; with more, findings name no stream. */
  movedConnections: 65_536,
  /** Notices kept in full for one code; further ones are counted. */
  noticesPerCode: 8,
  /** Successful connections of a server, after its first failure, whose hellos are kept in short to be compared. */
  hellosCompared: 16_384,
  /** Connections without an answer whose offered suites are kept to be compared, of some 300 octets each. */
  offersListed: 131_072,
  /** Values of one property (names, clients) that failures are compared by; a property with more is left out. */
  correlatedValues: 1024,
  /** Attempts of a client before one that fell back, in which the one that made it do so is looked for: the newest ones. */
  attemptsBefore: 64,
  /** Clients whose last handshake is remembered while failures are compared; handshakes of others count as repeated. */
  correlatedClients: 65_536,
  /** Kinds of failures of one server, or of one server name, that are compared; others are not. */
  correlatedKinds: 64,
  /** Server names whose servers are compared with each other. */
  correlatedNames: 256,
  /** Values of one kind (names, suites) that are told apart among the successful connections of a server. */
  agreedValues: 1024,
  /** Summaries of connections kept as objects while rules look at one server after the other; others are built again. */
  summariesKept: 4096,
  /** Servers whose facts are kept as objects meanwhile, with what rules worked out of them; others are built again. */
  serversLookedAt: 4096,
  /**
   * Connections that became final last, of which rules over the whole capture see a summary, some 100 octets each; then
   * those of them that went wrong, that a finding names, or that have a server with which something did, and how many that
   * went well of one such server.
   */
  connectionsKept: 1_048_576,
  remarkableConnectionsKept: 131_072,
  successesKept: 1024,
  /** Connections that servers accepted last, over all servers; of others only those of servers that something happened to. */
  acceptedConnections: 98_304,
  /** Server endpoints for which closes and refusals are remembered. */
  serverEndpoints: 262_144,
  /** Closes, refusals and odd beginnings remembered of one server endpoint, each: the first ones; it is said. */
  eventsPerServer: 4096,
  /** The same over all servers, of some 100 octets each. Beyond, they are counted as those of one server beyond its own are. */
  serverEvents: 1_048_576,

  /** Connections that the text report remembers in a row each: all that people look through. Findings name the rest by id. */
  reportRows: 10_000,
  /** Rows in all; those beyond `reportRows` are for connections that did not go well, which findings are about. */
  reportRowsInAll: 50_000,

  /** Octets of a file with expectations or known findings; larger ones are refused. */
  checkFileOctets: 4 * 1024 * 1024,
  /** Expectations, and entries of a baseline, in one file. */
  expectations: 1000,
  baselineEntries: 10_000,
  /** Connections that findings are held against by their addresses and names; findings about others are never hidden. */
  checkedConnections: 1_048_576,
  /** Places at which an expectation failed that are named, and as many at which it could not be judged; the rest is counted. */
  expectationCases: 100,
  /** Results of one SARIF run; GitHub refuses more. The rest is counted. */
  sarifResults: 25_000,
  /** Hidden findings that a report can name; the rest is counted. */
  suppressedFindings: 10_000,
} as const;
