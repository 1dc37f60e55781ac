import type { DtlsTracker } from '../connection/dtls-tracker.ts';
import type { QuicTracker } from '../connection/quic-tracker.ts';
import type { Datagrams } from '../tls/datagrams.ts';
import { type FlowHolder, HOLD } from '../transport/flow-holder.ts';

/** What is kept by the numbers of UDP flows. Those with DTLS are few by bounds of their own: they stay. */
export class UdpHolder implements FlowHolder {
  private readonly dtls: DtlsTracker;
  private readonly datagrams: Datagrams;
  private readonly quic: QuicTracker;

  constructor(dtls: DtlsTracker, datagrams: Datagrams, quic: QuicTracker) {
    this.dtls = dtls;
    this.datagrams = datagrams;
    this.quic = quic;
  }

  holds(flow: number): number {
    return this.dtls.holds(flow) || this.datagrams.holds(flow) ? HOLD.tooMuch : HOLD.nothing;
  }

  forget(flow: number): void {
    this.datagrams.forget(flow);
    this.dtls.associations.forget(flow);
    this.quic.forget(flow);
  }
}
