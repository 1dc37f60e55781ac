import type { NameTable } from './lookup.ts';

/** Names of link types by LINKTYPE_ number (tcpdump.org/linktypes.html), lower case and with dashes. */
const LINK_TYPES: NameTable = {
  0: 'null',
  1: 'ethernet',
  3: 'ax25',
  6: 'token-ring',
  7: 'arcnet',
  8: 'slip',
  9: 'ppp',
  10: 'fddi',
  11: 'atm-rfc1483',
  12: 'raw-ip',
  14: 'raw-ip',
  50: 'ppp-hdlc',
  51: 'ppp-ether',
  99: 'symantec-firewall',
  100: 'atm-rfc1483',
  101: 'raw-ip',
  104: 'c-hdlc',
  105: 'ieee802-11',
  106: 'atm-clip',
  107: 'frame-relay',
  108: 'loop',
  109: 'enc',
  113: 'linux-sll',
  114: 'ltalk',
  117: 'pflog',
  119: 'ieee802-11-prism',
  122: 'ip-over-fc',
  123: 'sunatm',
  127: 'ieee802-11-radiotap',
  129: 'arcnet-linux',
  138: 'apple-ip-over-ieee1394',
  139: 'mtp2-with-phdr',
  140: 'mtp2',
  141: 'mtp3',
  142: 'sccp',
  143: 'docsis',
  144: 'linux-irda',
  163: 'ieee802-11-avs',
  165: 'bacnet-ms-tp',
  166: 'ppp-pppd',
  169: 'gprs-llc',
  177: 'linux-lapd',
  178: 'juniper-ether',
  187: 'bluetooth-hci-h4',
  189: 'usb-linux',
  190: 'can20b',
  192: 'ppi',
  195: 'ieee802-15-4',
  197: 'erf',
  201: 'bluetooth-hci-h4-with-phdr',
  203: 'lapd',
  204: 'ppp-with-direction',
  205: 'c-hdlc-with-direction',
  206: 'frame-relay-with-direction',
  209: 'ipmb-linux',
  215: 'ieee802-15-4-nonask-phy',
  220: 'usb-linux-mmapped',
  224: 'fc-2',
  226: 'ipnet',
  227: 'can-socketcan',
  228: 'ipv4',
  229: 'ipv6',
  230: 'ieee802-15-4-nofcs',
  231: 'dbus',
  235: 'dvb-ci',
  239: 'nflog',
  240: 'netanalyzer',
  241: 'netanalyzer-transparent',
  242: 'ipoib',
  243: 'mpeg-2-ts',
  245: 'nfc-llcp',
  247: 'infiniband',
  248: 'sctp',
  249: 'usbpcap',
  251: 'bluetooth-le-ll',
  252: 'wireshark-upper-pdu',
  253: 'netlink',
  254: 'bluetooth-linux-monitor',
  256: 'bluetooth-le-ll-with-phdr',
  258: 'pktap',
  259: 'epon',
  264: 'iso-14443',
  266: 'usb-darwin',
  270: 'loratap',
  271: 'vsock',
  272: 'nordic-ble',
  274: 'ethernet-mpacket',
  276: 'linux-sll2',
  281: 'dsa-tag-brcm',
  282: 'dsa-tag-brcm-prepend',
  283: 'ieee802-15-4-tap',
  284: 'dsa-tag-dsa',
  285: 'dsa-tag-edsa',
  288: 'usb-2-0',
  290: 'etw',
};

/** The name of a link type, or its number in decimal. */
export function linkTypeName(linkType: number): string {
  return LINK_TYPES[linkType] ?? String(linkType);
}

const ON_THE_NETWORK =
  'capture on the interface that the connections pass as IP: tcpdump -D lists them';
const USER = { first: 147, last: 162 } as const;

/** How to get a capture that can be read instead of one of this link type. */
export function linkTypeAdvice(linkType: number): string {
  const name = linkTypeName(linkType);
  if (linkType >= USER.first && linkType <= USER.last)
    return 'a number for private use: if you know what the packets begin with, editcap -T sets it, as in: editcap -T ether';
  if (/^(usb|bluetooth|nordic)/.test(name))
    return `what passes the device, not the network; ${ON_THE_NETWORK}`;
  return `tcpdump -L lists the link types of an interface and -y chooses one, as in: tcpdump -y EN10MB; or ${ON_THE_NETWORK}`;
}
