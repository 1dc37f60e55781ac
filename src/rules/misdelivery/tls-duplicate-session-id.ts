import type {
  CaptureIndex,
  ConnectionSummary,
  SharedSessionFact,
} from '../../model/capture-index.ts';
import type { Evidence } from '../../model/finding.ts';
import { LIMITS } from '../../model/limits.ts';
import { formatDuration } from '../../model/time.ts';
import { defineCaptureRule } from '../define-rule.ts';
import { endpointText } from '../support/negotiation.ts';

/** Connections named and shown; the count tells the rest. */
const SHOWN = 8;

/** A session id names one session in a cache. Two sessions of one name are one too few. */
export const tlsDuplicateSessionId = defineCaptureRule({
  meta: {
    id: 'tls-duplicate-session-id',
    group: 'misdelivery',
    title: 'The same new session id was issued to two clients',
    severity: 'warning',
    sources: ['RFC 5246 §7.4.1.3', 'RFC 5246 §7.4.1.2'],
    reports:
      'A ServerHello up to TLS 1.2 that issues a new session id which another handshake, with another client address, was given before.',
    matters:
      'The session id is the key under which the server finds a session again. Where two sessions have one id, a client that resumes meets the keys of the other: its Finished fails with bad_record_mac, now and then, and as a rule only under load.',
    decides:
      'The ids are compared octet by octet by way of a hash, of at least eight octets each. The clients did not offer them, so the server made them up; the randoms of the two ServerHellos differ, so they are two handshakes. That two clients were given one id is certain; that the server’s cache or its random numbers are at fault is likely.',
    silent:
      'An id that the client had offered is a resumption, and in TLS 1.3 the server has to repeat it. Where both were issued within five seconds, a device may have passed the id on from a handshake of its own. Of an id that only one client address was given, nothing is said, nor where the rows of the connections are no longer kept.',
    messages: {
      shared: {
        what: 'The server {server} issued the session id of connection {first} to {client} again on connection {second}, to {client1}, {gap} later; {count} connections were given it.',
        causes: [
          'the session cache hands out an id that is taken: a race between threads or processes',
          'the generator of the ids repeats: cloned machines, a fork without a new seed, or a constant id',
          'a device in front of the server ends TLS and copies the ids of its own handshakes',
        ],
        remedies: [
          'look at where the server makes session ids, and whether the cache refuses an id that is taken',
          'seed again after every fork and after starting from an image',
          'turn the session cache off until then: clients go on with full handshakes',
        ],
        commands: [
          'tshark -r CAPTURE -Y "tls.handshake.type == 2" -T fields -e frame.number -e tcp.stream -e tls.handshake.session_id',
        ],
      },
    },
  },

  check(index) {
    return index.sharedSessions.flatMap((fact) => {
      const rows = rowsOf(fact, index);
      const [first] = rows;
      const second = rows.find(({ row }) => row.client.address !== first?.row.client.address);
      if (first === undefined || second === undefined) return [];
      const gap = second.row.start.nanos - first.row.start.nanos;
      if (Math.abs(gap) <= LIMITS.sameJourneyNanos) return [];
      const [evidence, ...more] = rows.slice(0, SHOWN).map(evidenceOf);
      if (evidence === undefined) return [];
      return [
        {
          kind: 'finding' as const,
          message: 'shared' as const,
          confidence: 'likely' as const,
          connections: rows.map(({ row }) => row.id),
          evidence: [evidence, ...more] as const,
          data: {
            server: endpointText(second.row.server),
            first: first.row.id,
            client: endpointText(first.row.client),
            second: second.row.id,
            client1: endpointText(second.row.client),
            gap: formatDuration(Math.abs(gap)),
            count: rows.length,
          },
        },
      ];
    });
  },
});

interface Row {
  readonly row: ConnectionSummary;
  readonly packet: number;
}

function rowsOf({ connections, packets }: SharedSessionFact, index: CaptureIndex): readonly Row[] {
  return connections.flatMap((id, at) => {
    const row = index.summary(id);
    // Without its ClientHello, the client may have offered the id itself.
    if (row?.hello === undefined) return [];
    return { row, packet: packets[at] ?? row.start.packet };
  });
}

const evidenceOf = ({ row, packet }: Row): Evidence => ({
  packet,
  nanos: row.answered?.nanos ?? row.start.nanos,
  connection: row.id,
  from: 'server',
  note: `ServerHello of connection ${row.id} with this session id`,
});
