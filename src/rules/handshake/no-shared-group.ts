import { HANDSHAKE_FAILURE, ILLEGAL_PARAMETER } from '../../model/code-points/alerts.ts';
import { isGrease } from '../../model/code-points/grease.ts';
import { groupName } from '../../model/code-points/groups.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable } from '../define-rule.ts';
import { earlyRefusal } from '../support/early-refusal.ts';
import { blindToEnding } from '../support/ending.ts';
import { type Offer, refusedOffer, unlessShared } from '../support/refused-offer.ts';

const OFFER: Offer = { kind: 'group', nameOf: groupName, chosen: 'groups' };

/** Curves and groups of the two sides, side by side. */
export const noSharedGroup = defineConnectionRule({
  meta: {
    id: 'no-shared-group',
    group: 'handshake',
    title: 'Client and server appear to have no key exchange group in common',
    severity: 'error',
    sources: ['RFC 8446 §4.2.7', 'RFC 8446 §4.2.8', 'RFC 8446 §6.2'],
    reports:
      'ClientHellos that a server refuses with handshake_failure or illegal_parameter, where none of the groups that it used on other connections of the capture is among those offered here.',
    matters:
      'The alert is the same as for suites, and lists of groups are looked at last. Hardened configurations and old devices often share a suite and no curve.',
    decides:
      'The groups of established connections with the server are compared with supported_groups. Nothing in common makes that the likely reason, where the server used at least two groups; it may know more than it ever used here.',
    silent:
      'Where the server used no group in the capture or one that is offered here, where suites or versions are what is not shared, where the ClientHello lists no groups, and where octets of the handshake are missing.',
    yieldsTo: ['no-shared-version', 'no-shared-cipher', 'sni-missing'],
    messages: {
      refused: {
        what: 'The server refused the ClientHello (packet {packet0}) with {alert} in packet {packet}: it offers the groups {offered}; with others the server used {chosen}; {negotiated}.',
        causes: ['the groups of one side were restricted, or are too old for the other'],
        remedies: ['enable on one side a group of the other: x25519 and secp256r1 suit nearly all'],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME -groups GROUP'],
      },
    },
  },
  check(history) {
    if (history.outcome !== 'failed') return NOT_APPLICABLE;
    const refusal = earlyRefusal(history, [HANDSHAKE_FAILURE, ILLEGAL_PARAMETER]);
    if (refusal === undefined) return NOT_APPLICABLE;
    const offered = history.clientHello?.supportedGroups.filter((code) => !isGrease(code)) ?? [];
    if (offered.length === 0) return NOT_APPLICABLE;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    return refusedOffer(history, refusal, OFFER, offered);
  },
  complete: (verdict, index) => unlessShared(verdict, index, OFFER),
});
