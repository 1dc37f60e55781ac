/** CIPHER-KINDs of SSL 2.0, three octets each, so that none is a suite of TLS. From the SSL 2.0 specification, C.4. */
export const SSL2_CIPHER_KINDS: Readonly<Record<number, string>> = {
  65664: 'SSL_CK_RC4_128_WITH_MD5',
  131200: 'SSL_CK_RC4_128_EXPORT40_WITH_MD5',
  196736: 'SSL_CK_RC2_128_CBC_WITH_MD5',
  262272: 'SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5',
  327808: 'SSL_CK_IDEA_128_CBC_WITH_MD5',
  393280: 'SSL_CK_DES_64_CBC_WITH_MD5',
  458944: 'SSL_CK_DES_192_EDE3_CBC_WITH_MD5',
};
