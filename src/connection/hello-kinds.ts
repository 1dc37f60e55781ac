import { isGrease } from '../model/code-points/grease.ts';
import type { FingerprintFacts } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';

type Kind = Pick<FingerprintFacts, 'ja3' | 'ja4'>;

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV and TLS_FALLBACK_SCSV signal, and choose nothing (RFC 5746 §3.3, RFC 7507 §2). */
const SIGNALS: readonly number[] = [0x00ff, 0x5600];

/** What ClientHellos of one client program have alike, kept once: there are few programs and many connections. */
export class HelloKinds {
  private readonly kinds: Kind[] = [];
  private readonly places = new Map<string, number>();
  private readonly lists = new Map<string, readonly number[]>();

  /** A number for the fingerprints, from 1; 0 for none, or where too many are known. */
  placeOf(facts: Kind | undefined): number {
    if (facts?.ja4 === undefined) return 0;
    const { ja3, ja4 } = facts;
    const key = `${ja3} ${ja4}`;
    const known = this.places.get(key);
    if (known !== undefined) return known;
    if (this.kinds.length >= LIMITS.fingerprints) return 0;
    const place = this.kinds.push({ ja3, ja4 });
    this.places.set(key, place);
    return place;
  }

  at(place: number): Kind | undefined {
    return this.kinds[place - 1];
  }

  /** The suites without GREASE and signalling values; equal lists are one. */
  listed(offered: readonly number[]): readonly number[] {
    const list = offered.filter((code) => !isGrease(code) && !SIGNALS.includes(code));
    const key = list.join();
    const known = this.lists.get(key);
    if (known !== undefined) return known;
    if (this.lists.size >= LIMITS.fingerprints) this.lists.clear();
    this.lists.set(key, list);
    return list;
  }
}
