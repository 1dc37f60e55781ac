import type { Reference } from '../model/finding.ts';

/**
 * Titles of the clauses that rules may cite. A clause that is not listed was not checked against the document and is
 * refused by the catalogue's test; the empty section stands for the whole RFC.
 */
const SECTION_TITLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '1122': { '4.2.2.13': 'Closing a Connection' },
  '1337': { '': 'TIME-WAIT Assassination Hazards in TCP' },
  '2246': {
    '5': 'HMAC and the pseudorandom function',
    '6.3': 'Key calculation',
    '7.2.1': 'Closure alerts',
    '7.2.2': 'Error alerts',
    '7.4.9': 'Finished',
  },
  '2525': { '2.17': 'Failure to RST on close with data pending' },
  '3207': { '4': 'The STARTTLS Command', '4.2': 'Result of the STARTTLS Command' },
  '4279': { '2': 'PSK Key Exchange Algorithm', '3': 'DHE_PSK Key Exchange Algorithm' },
  '5077': {
    '3.1': 'Overview',
    '3.2': 'SessionTicket TLS Extension',
    '3.4': 'Interaction with TLS Session ID',
    '4': 'Recommended Ticket Construction',
  },
  '5246': {
    '4.7': 'Cryptographic Attributes',
    '5': 'HMAC and the Pseudorandom Function',
    '6.1': 'Connection States',
    '6.2.1': 'Fragmentation',
    '6.2.3': 'Record Payload Protection',
    '6.2.3.1': 'Null or Standard Stream Cipher',
    '6.2.3.2': 'CBC Block Cipher',
    '6.2.3.3': 'AEAD Ciphers',
    '6.3': 'Key Calculation',
    '7.1': 'Change Cipher Spec Protocol',
    '7.2.1': 'Closure Alerts',
    '7.2.2': 'Error Alerts',
    '7.3': 'Handshake Protocol Overview',
    '7.4.1.1': 'Hello Request',
    '7.4.1.2': 'Client Hello',
    '7.4.1.3': 'Server Hello',
    '7.4.1.4': 'Hello Extensions',
    '7.4.2': 'Server Certificate',
    '7.4.3': 'Server Key Exchange Message',
    '7.4.4': 'Certificate Request',
    '7.4.6': 'Client Certificate',
    '7.4.7.1': 'RSA-Encrypted Premaster Secret Message',
    '7.4.8': 'Certificate Verify',
    '7.4.9': 'Finished',
    '8.1': 'Computing the Master Secret',
    '8.1.2': 'Diffie-Hellman',
  },
  '5288': { '3': 'AES-GCM Cipher Suites' },
  '5489': { '2': 'ECDHE_PSK Key Exchange Algorithm' },
  '5746': {
    '3.4': 'Client Behavior: Initial Handshake',
    '4.1': 'Client Considerations',
  },
  '5961': { '3.2': 'Mitigation (RST)', '4.2': 'Mitigation (SYN)', '5.2': 'Mitigation (data)' },
  '6066': {
    '3': 'Server Name Indication',
    '4': 'Maximum Fragment Length Negotiation',
    '7': 'Truncated HMAC',
    '8': 'Certificate Status Request',
  },
  '6298': { '5': 'Managing the RTO Timer' },
  '6347': {
    '4.1': 'Record Layer',
    '4.1.1': 'Transport Layer Mapping',
    '4.1.1.1': 'PMTU Issues',
    '4.1.2.1': 'MAC',
    '4.1.2.4': 'AEAD Ciphers',
    '4.1.2.6': 'Anti-Replay',
    '4.1.2.7': 'Handling Invalid Records',
    '4.2.1': 'Denial-of-Service Countermeasures',
    '4.2.2': 'Handshake Message Format',
    '4.2.3': 'Handshake Message Fragmentation and Reassembly',
    '4.2.4': 'Timeout and Retransmission',
    '4.2.4.1': 'Timer Values',
    '4.2.5': 'ChangeCipherSpec',
    '4.2.6': 'CertificateVerify and Finished Messages',
    '4.2.7': 'Alert Messages',
    '4.2.8': 'Establishing New Associations with Existing Parameters',
  },
  '6655': { '3': 'RSA-Based AES-CCM Cipher Suites' },
  '7301': { '3.2': 'Protocol Selection' },
  '7366': {
    '2': 'Negotiating Encrypt-then-MAC',
    '3': 'Applying Encrypt-then-MAC',
    '3.1': 'Rehandshake Issues',
  },
  '7507': { '2': 'Protocol Values', '3': 'Server Behavior', '4': 'Client Behavior' },
  '7627': {
    '3': 'The TLS Session Hash',
    '4': 'The Extended Master Secret',
    '5.2': 'Full Handshake',
    '5.3': 'Abbreviated Handshake',
  },
  '7905': { '2': 'ChaCha20 Cipher Suites' },
  '7983': { '7': 'Updates to RFC 5764' },
  '8422': { '5.10': 'ECDH, ECDSA, and RSA Computations' },
  '8446': {
    '4.1.2': 'Client Hello',
    '4.1.3': 'Server Hello',
    '4.1.4': 'Hello Retry Request',
    '4.2.1': 'Supported Versions',
    '4.2.2': 'Cookie',
    '4.2.3': 'Signature Algorithms',
    '4.2.7': 'Supported Groups',
    '4.2.8': 'Key Share',
    '4.2.10': 'Early Data Indication',
    '4.2.11': 'Pre-Shared Key Extension',
    '4.2.11.2': 'PSK Binder',
    '4.4.1': 'The Transcript Hash',
    '4.4.2': 'Certificate',
    '4.4.3': 'Certificate Verify',
    '4.4.4': 'Finished',
    '4.5': 'End of Early Data',
    '4.6.1': 'New Session Ticket Message',
    '4.6.2': 'Post-Handshake Authentication',
    '4.6.3': 'Key and Initialization Vector Update',
    '5': 'Record Protocol',
    '5.1': 'Record Layer',
    '5.2': 'Record Payload Protection',
    '5.3': 'Per-Record Nonce',
    '5.4': 'Record Padding',
    '6.1': 'Closure Alerts',
    '6.2': 'Error Alerts',
    '7.1': 'Key Schedule',
    '7.2': 'Updating Traffic Secrets',
    '7.3': 'Traffic Key Calculation',
    D: 'Backward Compatibility',
    'D.4': 'Middlebox Compatibility Mode',
  },
  '8449': { '4': 'The "record_size_limit" Extension' },
  '9146': {
    '3': 'The "connection_id" Extension',
    '4': 'Record Layer Extensions',
    '5': 'Record Payload Protection',
    '6': 'Peer Address Update',
  },
  '9147': {
    '4': 'The DTLS Record Layer',
    '4.1': 'Demultiplexing DTLS Records',
    '4.2.1': 'Processing Guidelines',
    '4.2.2': 'Reconstructing the Sequence Number and Epoch',
    '4.2.3': 'Record Number Encryption',
    '4.5.1': 'Anti-Replay',
    '4.5.2': 'Handling Invalid Records',
    '5': 'The DTLS Handshake Protocol',
    '5.1': 'Denial-of-Service Countermeasures',
    '5.5': 'Handshake Message Fragmentation and Reassembly',
    '5.8.1': 'State Machine',
    '5.8.2': 'Timer Values',
    '5.10': 'Alert Messages',
    '5.11': 'Establishing New Associations with Existing Parameters',
    '6.1': 'Epoch Values and Rekeying',
    '7': 'ACK Message',
    '7.1': 'Sending ACKs',
    '7.2': 'Receiving ACKs',
    '8': 'Key Updates',
    '9': 'Connection ID Updates',
  },
  '9293': {
    '3.4': 'Sequence Numbers',
    '3.4.3': 'The TCP Quiet Time Concept',
    '3.5.1': 'Half-Open Connections and Other Anomalies',
    '3.5.2': 'Reset Generation',
    '3.5.3': 'Reset Processing',
    '3.6.1': 'Half-Closed Connections',
    '3.7.1': 'Maximum Segment Size Option',
    '3.7.2': 'Path MTU Discovery',
    '3.8.1': 'Retransmission Timeout',
    '3.8.3': 'Connection Failures',
    '3.8.4': 'Keep-Alives',
    '3.10.7.4': 'Other States',
  },
};

/** Cited as a whole only. */
const DOCUMENTS: ReadonlySet<string> = new Set(['5763', '5764', '8122', '8842', '9846']);

const CLAUSE = /^RFC (\d+)(?: §([\dA-Z][\d.]*))?$/;

/** Is this a clause, written `RFC 6347 §4.2.8`, whose number was checked against the document? */
export function isKnownClause(clause: string): boolean {
  const match = CLAUSE.exec(clause);
  if (match === null) return false;
  const [, rfc = '', section] = match;
  const sections = SECTION_TITLES[rfc];
  return section === undefined
    ? sections !== undefined || DOCUMENTS.has(rfc)
    : sections?.[section] !== undefined;
}

/**
 * A clause as a reference with its link. An RFC without a section links to the document.
 *
 * @throws RangeError if it is not written `RFC nnnn` or `RFC nnnn §x`
 */
export function referenceTo(clause: string): Reference {
  const match = CLAUSE.exec(clause);
  if (match === null) throw new RangeError(`not a clause: ${clause}`);
  const [, rfc = '', section] = match;
  const url = `https://www.rfc-editor.org/rfc/rfc${rfc}`;
  if (section === undefined) return { title: `RFC ${rfc}`, url };
  const appendix = /^[A-Z]/.test(section);
  const name = SECTION_TITLES[rfc]?.[section];
  return {
    title: `RFC ${rfc} ${appendix ? 'appendix' : 'section'} ${section}${name === undefined ? '' : ` (${name})`}`,
    url: `${url}#${appendix ? 'appendix' : 'section'}-${section}`,
  };
}
