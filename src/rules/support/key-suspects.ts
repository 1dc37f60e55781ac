import type { CaptureIndex } from '../../model/capture-index.ts';
import { cipherSuite } from '../../model/code-points/suites.ts';
import { TLS_1_2, tlsEquivalent } from '../../model/code-points/versions.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { takesKeysFromPsk } from './pre-shared-key.ts';
import { othersWithSuite, type SameSuite } from './same-suite.ts';

/** What to suspect first where keys or MACs differ, by what was negotiated; the order is that of experience, not of proof. */
export function keySuspects(history: ConnectionHistory): string[] {
  const { cipherSuite: code, version, extendedMasterSecret, encryptThenMac, resumed } = history;
  const suite = code === undefined ? undefined : cipherSuite(code);
  if (suite === undefined || suite.tls13) return [];
  const causes: string[] = [];
  if (takesKeysFromPsk(history)) {
    causes.push(
      'the two sides hold different pre-shared keys for this identity: the most frequent reason with a PSK suite',
    );
  }
  if (resumed === true) {
    causes.push('the two sides keep different secrets for the session that was resumed');
  } else if (extendedMasterSecret === true) {
    causes.push(
      'the two sides hashed different handshakes: with the extended master secret that gives different keys',
    );
  }
  if (resumed !== true && LEADING_ZEROS.test(suite.keyExchange)) {
    causes.push(
      'leading zero octets of the shared secret are treated differently: it then fails about once in 256 handshakes',
    );
  }
  if (suite.prfHash === 'sha384' && tlsEquivalent(version ?? 0) === TLS_1_2) {
    causes.push(
      'one side derives the keys with SHA-256, as most suites ask for, and this suite asks for SHA-384',
    );
  }
  if (suite.mode === 'cbc') {
    causes.push(
      encryptThenMac === true
        ? 'one side applies the MAC before, the other after encryption: encrypt-then-MAC was negotiated'
        : `the construction of the record MAC (${suite.mac}) differs in one of the implementations`,
    );
  }
  return causes;
}

/** DHE strips leading zeros of the shared secret and ECDHE keeps them (RFC 5246 §8.1.2, RFC 8422 §5.10). */
const LEADING_ZEROS = /^(?:EC)?DHE?(?:_PSK)?$/;

/** Handshakes that must have succeeded before a rate says anything, and failures for one that says "always". */
const MANY = 100;
const ALWAYS = 2;
/** Between a quarter of what one in 256 gives, and twice that and a little. */
const RAREST = 1 / 1024;
const RARE = 0.01;
/** Failures from which such a rate is no chance of a few. */
const ENOUGH = 3;

/** What the other handshakes with the same suite at the same server add, the most telling first. */
export function rateSuspects(index: CaptureIndex, id: number): string[] {
  const others = othersWithSuite(index, id);
  if (others === undefined) return [];
  const { established, refused } = others;
  if (established === 0 && refused + 1 >= ALWAYS) {
    return [
      `all ${refused + 1} full handshakes with this suite at this server failed here: that is a key, a setting or code, and not chance`,
    ];
  }
  const code = index.summary(id)?.cipherSuite;
  const exchange = code === undefined ? undefined : cipherSuite(code)?.keyExchange;
  if (exchange !== undefined && LEADING_ZEROS.test(exchange) && isRare(others)) {
    const rate = `${refused + 1} of ${established + refused + 1} handshakes with this suite at this server failed here`;
    return [
      refused + 1 >= ENOUGH
        ? `${rate}: likely that one side strips a leading zero octet of the shared secret and the other keeps it, which gives one in 256`
        : `${rate}: a shared secret whose leading zero octet is treated differently gives one in 256`,
    ];
  }
  return [];
}

function isRare({ established, refused }: SameSuite): boolean {
  const rate = (refused + 1) / (established + refused + 1);
  return established >= MANY && rate >= RAREST && rate <= RARE;
}
