/** An unpadded protected alert of TLS 1.3 with a tag of 16 octets: two octets, the inner type, the tag. */
export const ALERT_13 = 19;
/** The least that holds a Finished of TLS 1.3: header, SHA-256, the inner type, a tag of 8 octets (CCM_8). */
export const FINISHED_13 = 45;
