// A DTLS 1.2 client or server on pion, which repeats a flight at a fixed interval.
//
//	dtls_pion client FROM TO INTERVAL KEYLOG
//	dtls_pion server AT INTERVAL CERT KEY
//
// The client sends a line, waits for the answer and closes. Both say what became of the handshake and go on with the next
// one, if there is any.
// Debian: golang-go golang-github-pion-dtls.v2-dev; build with GO111MODULE=off GOPATH=/usr/share/gocode
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/pion/dtls/v2"
)

const patience = 25 * time.Second

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	return value
}

func config(interval string) *dtls.Config {
	return &dtls.Config{
		FlightInterval:       must(time.ParseDuration(interval)),
		InsecureSkipVerify:   true,
		ExtendedMasterSecret: dtls.RequireExtendedMasterSecret,
		CipherSuites:         []dtls.CipherSuiteID{dtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		ConnectContextMaker: func() (context.Context, func()) {
			return context.WithTimeout(context.Background(), patience)
		},
	}
}

func client(from, to, interval, keylog string) {
	settings := config(interval)
	settings.KeyLogWriter = must(os.OpenFile(keylog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600))
	socket := must(net.DialUDP("udp", must(net.ResolveUDPAddr("udp", from)), must(net.ResolveUDPAddr("udp", to))))
	connection, err := dtls.Client(socket, settings)
	if err != nil {
		fmt.Println("handshake failed:", err)
		return
	}
	fmt.Println("handshake done")
	must(connection.Write([]byte("request\n")))
	must(connection.Read(make([]byte, 1024)))
	connection.Close()
	fmt.Println("closed")
}

func server(at, interval, certificate, key string) {
	settings := config(interval)
	settings.Certificates = []tls.Certificate{must(tls.LoadX509KeyPair(certificate, key))}
	listener := must(dtls.Listen("udp", must(net.ResolveUDPAddr("udp", at)), settings))
	fmt.Println("waiting for a client")
	for {
		connection, err := listener.Accept()
		if err != nil {
			fmt.Println("handshake failed:", err)
			continue
		}
		fmt.Println("handshake done")
		must(connection.Read(make([]byte, 1024)))
		must(connection.Write([]byte("answer\n")))
	}
}

func main() {
	if os.Args[1] == "client" {
		client(os.Args[2], os.Args[3], os.Args[4], os.Args[5])
	} else {
		server(os.Args[2], os.Args[3], os.Args[4], os.Args[5])
	}
}
