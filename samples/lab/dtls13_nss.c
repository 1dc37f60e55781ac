/*
 * One end of a DTLS 1.3 association with NSS 3.87, which goes by draft 43. Usage:
 *
 *     dtls13_nss server|client OWN-ADDRESS OWN-PORT PEER-ADDRESS PEER-PORT SECRETS [short] [CERT.der KEY.der]
 *
 * SECRETS gets a line "CLIENT|SERVER EPOCH HEX" for each secret. short: one octet of record number and no length. The client
 * says two words, the server says them again, the client closes.
 * Debian: gcc libnss3-dev libnspr4-dev; compile with -I/usr/include/nss -I/usr/include/nspr -lssl3 -lsmime3 -lnss3 -lnspr4
 */
#include <cert.h>
#include <keyhi.h>
#include <nspr.h>
#include <nss.h>
#include <pk11pub.h>
#include <ssl.h>
#include <sslexp.h>
#include <sslproto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_server;
static FILE *secrets;

static SECStatus accept_any(void *context, PRFileDesc *fd, PRBool check, PRBool server) { return SECSuccess; }

static void keep_secret(PRFileDesc *fd, PRUint16 epoch, SSLSecretDirection direction, PK11SymKey *key, void *context) {
  if (PK11_ExtractKeyValue(key) != SECSuccess) return;
  SECItem *octets = PK11_GetKeyData(key);
  fprintf(secrets, "%s %d ", is_server == (direction == ssl_secret_write) ? "SERVER" : "CLIENT", epoch);
  for (unsigned i = 0; i < octets->len; i++) fprintf(secrets, "%02x", octets->data[i]);
  fprintf(secrets, "\n");
  fflush(secrets);
}

static SECItem file(const char *path) {
  SECItem item = {siBuffer, malloc(8000), 0};
  FILE *in = fopen(path, "rb");
  item.len = fread(item.data, 1, 8000, in);
  fclose(in);
  return item;
}

static void use_certificate(PRFileDesc *fd, const char *cert_file, const char *key_file) {
  SECItem cert_octets = file(cert_file), key_octets = file(key_file), name = {siBuffer, (unsigned char *)"key", 3};
  CERTCertificate *cert = CERT_DecodeCertFromPackage((char *)cert_octets.data, cert_octets.len);
  SECItem point = cert->subjectPublicKeyInfo.subjectPublicKey;
  point.len /= 8;
  SECKEYPrivateKey *key = NULL;
  PK11_ImportDERPrivateKeyInfoAndReturnKey(PK11_GetInternalKeySlot(), &key_octets, &name, &point, PR_FALSE, PR_FALSE,
                                           KU_ALL, &key, NULL);
  SSL_ConfigServerCert(fd, cert, key, NULL, 0);
}

int main(int argc, char **argv) {
  is_server = !strcmp(argv[1], "server");
  secrets = fopen(argv[6], "a");
  setvbuf(stdout, NULL, _IOLBF, 0);
  int is_short = argc > 7 && !strcmp(argv[7], "short");
  NSS_NoDB_Init(NULL);
  NSS_SetDomesticPolicy();
  PRNetAddr own, peer;
  PR_StringToNetAddr(argv[2], &own);
  own.inet.port = PR_htons(atoi(argv[3]));
  PR_StringToNetAddr(argv[4], &peer);
  peer.inet.port = PR_htons(atoi(argv[5]));
  PRFileDesc *udp = PR_OpenUDPSocket(PR_AF_INET);
  PR_Bind(udp, &own);
  PR_Connect(udp, &peer, PR_INTERVAL_NO_TIMEOUT);
  PRFileDesc *fd = DTLS_ImportFD(NULL, udp);
  SSLVersionRange versions = {SSL_LIBRARY_VERSION_TLS_1_3, SSL_LIBRARY_VERSION_TLS_1_3};
  SSL_VersionRangeSet(fd, &versions);
  SSL_OptionSet(fd, SSL_SECURITY, PR_TRUE);
  SSL_OptionSet(fd, is_server ? SSL_HANDSHAKE_AS_SERVER : SSL_HANDSHAKE_AS_CLIENT, PR_TRUE);
  SSL_OptionSet(fd, SSL_ENABLE_DTLS_SHORT_HEADER, is_short);
  SSL_SecretCallback(fd, keep_secret, NULL);
  if (is_server) use_certificate(fd, argv[argc - 2], argv[argc - 1]);
  else {
    SSL_AuthCertificateHook(fd, accept_any, NULL);
    SSL_SetURL(fd, "lab.example");
  }
  SSL_ResetHandshake(fd, is_server);
  printf("ready\n");
  if (SSL_ForceHandshake(fd) != SECSuccess) return printf("handshake failed: %d\n", PR_GetError()), 1;
  printf("handshake done\n");
  char text[500];
  if (is_server) {
    for (int length; (length = PR_Recv(fd, text, sizeof text, 0, PR_SecondsToInterval(5))) > 0;)
      PR_Write(fd, text, length);
  } else {
    for (const char *const *word = (const char *const[]){"one", "two", NULL}; *word; word++) {
      PR_Write(fd, *word, strlen(*word));
      printf("got %d octets\n", PR_Recv(fd, text, sizeof text, 0, PR_SecondsToInterval(2)));
    }
  }
  PR_Close(fd);
  return 0;
}
