/**
 * Ports that are registered or known for TLS from the first octet: HTTPS and its alternatives, mail, LDAP, DNS, FTP,
 * Telnet, IRC, SIP, TURN, AMQP, syslog, MQTT, Docker, Kubernetes. A hint where nothing better is known.
 */
const TLS_PORTS: ReadonlySet<number> = new Set([
  443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 2376, 3269, 5061, 5349, 5671, 6443, 6514,
  6697, 8443, 8883,
]);

/** A hint, not a proof: anything may listen there. */
export const isTlsPort = (port: number): boolean => TLS_PORTS.has(port);
