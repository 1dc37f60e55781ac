/** An unpadded protected alert of TLS 1.3 with a tag of 16 octets: two octets, the inner type, the tag. */
export const ALERT_13 = 19;
