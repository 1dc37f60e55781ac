/** Names of link types by LINKTYPE_ number, those that carry IP somewhere. tcpdump.org/linktypes.html. */
const LINK_TYPES: Readonly<Record<number, string>> = {
  0: 'null',
  1: 'ethernet',
  6: 'token-ring',
  7: 'arcnet',
  8: 'slip',
  9: 'ppp',
  10: 'fddi',
  12: 'raw-ip',
  14: 'raw-ip',
  50: 'ppp-hdlc',
  51: 'ppp-ether',
  101: 'raw-ip',
  104: 'c-hdlc',
  105: 'ieee802-11',
  107: 'frame-relay',
  108: 'loop',
  113: 'linux-sll',
  119: 'ieee802-11-prism',
  122: 'ip-over-fc',
  127: 'ieee802-11-radiotap',
  141: 'mtp2',
  163: 'ieee802-11-avs',
  192: 'ppi',
  195: 'ieee802-15-4',
  220: 'usb-linux-mmapped',
  228: 'ipv4',
  229: 'ipv6',
  230: 'ieee802-15-4-nofcs',
  239: 'nflog',
  249: 'usbpcap',
  276: 'linux-sll2',
};

/** The name of a link type, or its number in decimal. */
export function linkTypeName(linkType: number): string {
  return LINK_TYPES[linkType] ?? String(linkType);
}
