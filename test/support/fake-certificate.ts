import type { CertificateFact } from '../../src/model/certificate.ts';
import { SECOND } from '../../src/model/time.ts';

export const DAY = 86_400 * SECOND;

/** A certificate that is in order, except for what is given: valid for a year, half of it over, its issuer sent along. */
export const fakeCertificate = (given: Partial<CertificateFact> = {}): CertificateFact => ({
  subject: 'CN=server.example',
  issuer: 'CN=intermediate',
  fingerprint: '00'.repeat(32),
  names: ['server.example'],
  notBefore: '2023-05-14T00:00:00Z',
  notAfter: '2024-05-14T00:00:00Z',
  sinceNotAfter: -182 * DAY,
  untilNotBefore: -183 * DAY,
  isSelfIssued: false,
  issuedBy: 1,
  keyType: 'rsa',
  keyBits: 2048,
  matchesName: true,
  ...given,
});
