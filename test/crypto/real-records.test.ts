import { describe, expect, it } from 'vitest';
import { RecordOpener } from '../../src/crypto/record-opener.ts';
import { cipherSuite } from '../../src/model/code-points/suites.ts';

/**
 * Single records of real stacks, out of `samples/suites`, with their keys cut by hand from what the key log gives: they
 * show that opener and sealer do not share a misreading.
 */
interface RealRecord {
  readonly name: string;
  readonly suite: number;
  readonly version: number;
  readonly encryptThenMac?: boolean;
  readonly truncatedHmac?: boolean;
  readonly mac?: string;
  readonly key: string;
  readonly iv: string;
  readonly epoch?: number;
  readonly header: readonly [type: number, version: number];
  readonly fragment: string;
  readonly content: string;
}

const RECORDS: readonly RealRecord[] = [
  {
    name: 'TLS_PSK_WITH_CAMELLIA_128_CBC_SHA256 TLS 1.2 encrypt-then-MAC',
    suite: 0xc094,
    version: 0x0303,
    encryptThenMac: true,
    mac: '4e25d91bb50e050e549a3dd4556028199a173e67d83e19a051c28f44e9f5dbdb',
    key: '5b399018ebfb847ed4a1a8fe3750e002',
    iv: '',
    header: [22, 0x0303],
    fragment:
      'ea2d3121f97553cd1820e0c4f0a80705833c77133b97a5a6650f8270bdc6d9741cbec9d616d062b336af1b7d252c1f9d9fae35badbdc2d41c4cb6f9003d9cd03b60e55e5f25633fdf36412cd4db11f76',
    content: '1400000c7929406281ad6ed6735b2f07',
  },
  {
    name: 'TLS_PSK_WITH_CAMELLIA_128_GCM_SHA256 TLS 1.2',
    suite: 0xc08e,
    version: 0x0303,
    key: 'd879bfc6c00104344cebc4ccbfbbb438',
    iv: 'd057b63c',
    header: [22, 0x0303],
    fragment: '0000000000000000626bfe241c0d7c767a80a3583595b4666e2159b7e40add0b10a0a836c9c3e88d',
    content: '1400000c42250d1d102bdf6e43c725cc',
  },
  {
    name: 'TLS_PSK_WITH_ARIA_128_GCM_SHA256 TLS 1.2',
    suite: 0xc06a,
    version: 0x0303,
    key: '223cbec014a3407d67b3300f4279c285',
    iv: 'f5e12289',
    header: [22, 0x0303],
    fragment: '37f0981fd92f8af2b5221a3ae4a7b9c1a9e703ca1cfee12a5417bb569c771b42132bc99e34809564',
    content: '1400000c038ddc1164976b377446568a',
  },
  {
    name: 'TLS_PSK_WITH_AES_128_CBC_SHA DTLS 1.0',
    suite: 0x008c,
    version: 0xfeff,
    mac: '72396542b5cdc7b15cdd82667a4ab34d3a1532c7',
    key: 'c4de14763d12537e623d808135b1deea',
    iv: '',
    epoch: 1,
    header: [22, 0xfeff],
    fragment:
      'aeb77f21127a0405cb23c0d03ede28000c035241e4e213f21a81c2cdf6d6e35b9e2833e87dc2b8d6e907fbd6ceab11fae17d9ad904fb4f14a6c15c6ef515f1ba',
    content: '1400000c000200000000000c72724c3b206fb912a1dc9905',
  },
  {
    name: 'TLS_RSA_WITH_AES_128_CBC_SHA DTLS 1.2 encrypt-then-MAC',
    suite: 0x002f,
    version: 0xfefd,
    encryptThenMac: true,
    mac: '0706e7eb49ab4304d770e44c1190ce305cd44397',
    key: '80cec4adbef08de9d3880527673c2182',
    iv: '',
    epoch: 1,
    header: [22, 0xfefd],
    fragment:
      '5f781cff81f844304e6eccfaab2a93cd3a4c56f3ff2e51fdd0f4ce835b3f7d63036df90f93b2fc1b4b044d42a61e4d541c0bf32042801807d854c916928738bfaefc4abf',
    content: '1400000c000200000000000c973101297dabf6def6e93ef0',
  },
  {
    name: 'TLS_PSK_WITH_RC4_128_SHA TLS 1.0',
    suite: 0x008a,
    version: 0x0301,
    mac: 'ced78ced154718903ca13c62a4fd968bbaa67d0e',
    key: '6c4d5a42efd1d82be4ea5282e57d4b96',
    iv: '',
    header: [22, 0x0301],
    fragment: 'ffb0c4f1f5ae5af66dd9889a5949cf6ed6a35debdf5bcf9aedd456ac2c78a4ace91faed1',
    content: '1400000c7b8147ac301be7f05ff3a66f',
  },
  {
    name: 'TLS_ECDHE_ECDSA_WITH_NULL_SHA TLS 1.0 encrypt-then-MAC',
    suite: 0xc006,
    version: 0x0301,
    encryptThenMac: true,
    mac: '420e65f02a495f3bb649e96808cb73bdef4fbc6d',
    key: '',
    iv: '',
    header: [22, 0x0301],
    fragment: '1400000ca81b7ccaa89d6dfe48d7aec42a01388be898362845ee0a41103503606bf38b38',
    content: '1400000ca81b7ccaa89d6dfe48d7aec4',
  },
  {
    name: 'TLS_PSK_WITH_AES_256_CBC_SHA TLS 1.0',
    suite: 0x008d,
    version: 0x0301,
    mac: 'dcf59fdecc669a0781d08a13de11ece82e290b9c',
    key: '1a71af7290c1a530eac8bc3b1fdce2d44ceb5fea964602213135cd240543d829',
    iv: '71f261e381e6c2b283b60621c9d9d05d',
    header: [22, 0x0301],
    fragment:
      'b69f836944ac2dd39535d42848d15954f878b05a21f352c47341f740122db8a3859f8ed2de1ec33936b954cd9415f25d',
    content: '1400000cf915ba714fb2872465ceee16',
  },
  {
    name: 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA TLS 1.0 encrypt-then-MAC',
    suite: 0xc009,
    version: 0x0301,
    encryptThenMac: true,
    mac: '88a430e0ec2e810c681d452aaca268554d1e6715',
    key: '38b19acb5fb56440dd4cd2093139d1cf',
    iv: '8696811a7334de4dac85aa6beccb77c3',
    header: [22, 0x0301],
    fragment:
      'f3a83af0af57a52c5ae5101afcc9e0259109d67a169c2cbab4b081291925a0dbd2c67a440d64566a3143cce58f2d6f86f4bec60f',
    content: '1400000cb41f3ce5b2a280088bbd847c',
  },
  {
    name: 'TLS_PSK_WITH_CHACHA20_POLY1305_SHA256 TLS 1.2',
    suite: 0xccab,
    version: 0x0303,
    key: 'fcedd192dde88b6e450ec57eb4973d3e75db02a4b2f38d2a05c1cb7d18706da8',
    iv: '9c5fb8788be594a34f37edef',
    header: [22, 0x0303],
    fragment: '98c6d90849e55b56514a9ea477a2c20d1379e2c633146c5a2492fb947b1ea6d0',
    content: '1400000c5f059019c16aa1c39431fa4f',
  },
  {
    name: 'TLS_PSK_WITH_AES_128_CCM_8 TLS 1.2',
    suite: 0xc0a8,
    version: 0x0303,
    key: '2c88ac57f9a3b173a9719921444c6bf2',
    iv: '3fe46af8',
    header: [22, 0x0303],
    fragment: '000000000000000073a1f4ee56dda0022302ecd326bd04b094fda8c2a5aeeed4',
    content: '1400000cabf780f35f58c681e6cbf1ef',
  },
  {
    name: 'TLS_RSA_WITH_AES_128_CBC_SHA TLS 1.2 encrypt-then-MAC truncated',
    suite: 0x002f,
    version: 0x0303,
    encryptThenMac: true,
    truncatedHmac: true,
    mac: '1245ece32b190ea92eeb82b7ca42dffc3a53b280',
    key: '386b785e7f2b68f375bff7dddc3be044',
    iv: '',
    header: [22, 0x0303],
    fragment:
      '5ea026698fd6580b9db8ba9c4aa913144bb2809e78c90f1b43138d31faad950f218c995bcb93ccc7b9899c43029a5e912d39f412a4778c7b6673',
    content: '1400000cf2d27b586924b43a2e81259e',
  },
  {
    name: 'TLS_RSA_WITH_AES_128_CBC_SHA TLS 1.0 truncated',
    suite: 0x002f,
    version: 0x0301,
    truncatedHmac: true,
    mac: 'e40ef269b51016daabf56f81c35e924d1247473c',
    key: '5630588b74a32c14442e8cfc75d6118d',
    iv: '278e65d05afe4049810d8c5714f189bf',
    header: [22, 0x0301],
    fragment: 'ef802f71dcb9a4ce8eccb973e7f57580828bb9f0966d3a4ea1a6e9ecdad6c297',
    content: '1400000c752219b4bce1698b5bb5ddad',
  },
  {
    name: 'TLS_AES_128_CCM_SHA256 TLS 1.3',
    suite: 0x1304,
    version: 0x0304,
    key: '04521d57a2876797783001e5768d5a55',
    iv: '953553251434b2aaf3c46798',
    header: [23, 0x0303],
    fragment:
      '291fd945a0b51ba19f72c48e1ce2020a83c27c821433df41fc380871338ad6432fb2409d18147962f46247f37e58094f29734a502f',
    content: '1400002080bd117d5dd61e612f68112e93426e6ae0c2072b5d7fc27f5ae3409229361539',
  },
  {
    name: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 TLS 1.2',
    suite: 0xc030,
    version: 0x0303,
    key: 'b9e0133094ec495b289303e26f9d5b06896525547fc2ad603a94b548e51ef933',
    iv: '1c421ffb',
    header: [22, 0x0303],
    fragment:
      'd1762376ff5176f6597948db092270e3c3a6451ae5116c16e357348d1b7601fb367208890e97f8ccc27635e4d84680a17f5b29c83d1da62d1ded8a5f',
    content: '430000200566697273741900000000000000000000000000000000000000000000000000',
  },
];

const hex = (text = '') => Uint8Array.from(Buffer.from(text, 'hex'));

describe('first protected record of a real stack', () => {
  it.each(RECORDS.map((record) => [record.name, record] as const))('%s', (_name, real) => {
    const suite = cipherSuite(real.suite);
    if (suite === undefined) throw new Error('no suite');
    const { version, encryptThenMac = false, truncatedHmac = false, epoch = 0 } = real;
    const opener = new RecordOpener(
      { suite, version, encryptThenMac, truncatedHmac },
      { mac: hex(real.mac), key: hex(real.key), iv: hex(real.iv) },
    );
    const bytes = hex(real.fragment);
    const [type, shown] = real.header;
    const record = { type, version: shown, bytes, start: 0, end: bytes.length };
    expect(opener.attempt(record, 1, epoch).kind).toBe('failed');
    const opening = opener.open(record, 0, epoch);
    expect(opening).toMatchObject({ kind: 'opened', type: 22 });
    if (opening.kind === 'opened') {
      expect(Buffer.from(opening.content).toString('hex')).toBe(real.content);
    }
  });
});
