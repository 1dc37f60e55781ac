import { describe, expect, it } from 'vitest';
import { nextOfLinkType } from '../../../src/decode/link/link-types.ts';
import { linkTypeAdvice, linkTypeName } from '../../../src/model/code-points/link-types.ts';

describe('link types', () => {
  it('that are read have a name', () => {
    for (let linkType = 0; linkType < 512; linkType++)
      if (nextOfLinkType(linkType) !== undefined) expect(linkTypeName(linkType)).toMatch(/^[a-z]/);
  });

  it('have no name twice, but for those of which systems have several numbers', () => {
    const numbers = Array.from({ length: 512 }, (_, linkType) => linkType);
    const named = numbers.filter((one) => linkTypeName(one) !== String(one));
    const twice = named.filter(
      (one) => named.find((other) => linkTypeName(other) === linkTypeName(one)) !== one,
    );
    expect(twice.map(linkTypeName)).toEqual(['raw-ip', 'atm-rfc1483', 'raw-ip']);
  });

  it('without a name are their number', () => {
    expect(linkTypeName(299)).toBe('299');
  });

  it.each([
    [147, /editcap -T/],
    [162, /editcap -T/],
    [189, /the device, not the network/],
    [201, /the device, not the network/],
    [195, /tcpdump -y EN10MB/],
    [299, /tcpdump -D/],
  ])('%i come with advice that fits', (linkType, advice) => {
    expect(linkTypeAdvice(linkType)).toMatch(advice);
  });
});
