// A TLS 1.2 server that sends the octets of a file as its certificate, whatever they are, and echoes.
//
//	server ADDRESS CERTIFICATE.der KEY.pem
//
// Debian: golang-go; the Go library needs the private key only and does not look into the certificate.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"os"
)

func main() {
	certificate, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	text, err := os.ReadFile(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := tls.Listen("tcp", os.Args[1], &tls.Config{
		Certificates: []tls.Certificate{{
			Certificate: [][]byte{certificate},
			PrivateKey:  key,
			// Else it reads the certificate to learn what the key can sign.
			SupportedSignatureAlgorithms: []tls.SignatureScheme{tls.PSSWithSHA256},
			Leaf:                         &x509.Certificate{PublicKeyAlgorithm: x509.RSA},
		}},
		MaxVersion: tls.VersionTLS12,
	})
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			_, err := io.Copy(connection, connection)
			log.Println(err)
			connection.Close()
		}()
	}
}
