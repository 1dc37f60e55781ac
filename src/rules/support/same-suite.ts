import type { CaptureIndex, ConnectionSummary, ServerFacts } from '../../model/capture-index.ts';
import { BAD_RECORD_MAC, DECRYPT_ERROR } from '../../model/code-points/alerts.ts';
import { TLS_1_3, tlsEquivalent } from '../../model/code-points/versions.ts';

/** How the other full handshakes with one suite at one server ended. */
export interface SameSuite {
  established: number;
  /** Ended by bad_record_mac or decrypt_error, or stopped where the server's Finished was due. */
  refused: number;
}

const NOBODY: Readonly<SameSuite> = { established: 0, refused: 0 };

/** A capture may have many failures at one busy server: its rows are counted once. */
const counted = new WeakMap<ServerFacts, Map<number, SameSuite>>();
const pskCounts = new WeakMap<ServerFacts, number>();

/** Undefined where the connection is not known, or nothing was negotiated. */
export function othersWithSuite(index: CaptureIndex, id: number): Readonly<SameSuite> | undefined {
  const own = index.summary(id);
  if (own?.cipherSuite === undefined) return undefined;
  const server = index.server(own.protocol === 'DTLS' ? 'udp' : 'tcp', own.server);
  const all = server && countsOf(server).get(own.cipherSuite);
  if (all === undefined) return NOBODY;
  const kind = endOf(own);
  return kind === undefined ? all : { ...all, [kind]: all[kind] - 1 };
}

/** The same in words, to be put after the facts of the finding. */
export function compareWithSuite(index: CaptureIndex, id: number): string {
  const others = othersWithSuite(index, id);
  if (others === undefined || others.established + others.refused === 0) return '';
  const { established, refused } = others;
  return `; of the other full handshakes with this suite at this server ${established} succeeded and ${refused} failed at the same step`;
}

function countsOf(server: ServerFacts): Map<number, SameSuite> {
  let counts = counted.get(server);
  if (counts !== undefined) return counts;
  counts = new Map();
  for (const row of server.connections) {
    const kind = endOf(row);
    if (kind === undefined || row.cipherSuite === undefined) continue;
    const one = counts.get(row.cipherSuite) ?? { established: 0, refused: 0 };
    one[kind]++;
    counts.set(row.cipherSuite, one);
  }
  counted.set(server, counts);
  return counts;
}

function endOf({
  outcome,
  stage,
  resumed,
  fatalAlert,
}: ConnectionSummary): keyof SameSuite | undefined {
  if (resumed === true) return undefined;
  if (outcome === 'established') return 'established';
  if (stage !== 'client-finished' && stage !== 'server-finished') return undefined;
  if (fatalAlert === undefined) return stage === 'server-finished' ? 'refused' : undefined;
  const { description } = fatalAlert;
  return description === BAD_RECORD_MAC || description === DECRYPT_ERROR ? 'refused' : undefined;
}

/** TLS 1.3 handshakes of the same server that a pre-shared key was selected for. */
export function withPsk(index: CaptureIndex, id: number): number {
  const own = index.summary(id);
  if (own === undefined) return 0;
  const server = index.server(own.protocol === 'DTLS' ? 'udp' : 'tcp', own.server);
  if (server === undefined) return 0;
  let count = pskCounts.get(server);
  if (count === undefined) {
    count = server.connections.filter(
      ({ outcome, resumed, version }) =>
        outcome === 'established' &&
        resumed === true &&
        version !== undefined &&
        tlsEquivalent(version) >= TLS_1_3,
    ).length;
    pskCounts.set(server, count);
  }
  return count;
}
