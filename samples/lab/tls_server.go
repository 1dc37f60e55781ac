// A TLS echo server. What it does when the handshake panics is a flag:
//
//	-onpanic crash   nothing: the panic ends the process (the default)
//	-onpanic close   the goroutine of the connection recovers and closes it
//	-onpanic alert   it recovers, sends internal_error and closes
//
// With -signer, another key than that of the certificate signs, as where one of the two was renewed without the other and
// whatever holds the key does not look.
//
// SIGTERM is the orderly way out: close_notify on every connection, then exit.
// A line "bye" is answered by a last line and a close by the server.
package main

import (
	"bufio"
	"context"
	"crypto"
	"crypto/tls"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

var (
	listen  = flag.String("listen", ":8443", "")
	cert    = flag.String("cert", "", "")
	key     = flag.String("key", "", "")
	signer  = flag.String("signer", "", "certificate and key of which only the key is used")
	onPanic = flag.String("onpanic", "crash", "")
	tickets = flag.String("tickets", "", "ticket key, 64 hexadecimal digits; no tickets without it")
	tail    = flag.Duration("tail", 0, "after the client's close_notify send three lines, this far apart")
	max     = flag.String("max", "1.3", "")
)

var (
	lock  sync.Mutex
	conns = map[*tls.Conn]bool{}
)

// claimed signs with one key and claims to be another.
type claimed struct {
	crypto.Signer
	public crypto.PublicKey
}

func (c claimed) Public() crypto.PublicKey { return c.public }

func serve(raw net.Conn, cfg *tls.Config) {
	c := tls.Server(raw, cfg)
	if *onPanic != "crash" {
		defer func() {
			defer raw.Close()
			if r := recover(); r != nil {
				log.Printf("%v: recovered: %v", raw.RemoteAddr(), r)
				if *onPanic == "alert" {
					raw.Write([]byte{21, 3, 3, 0, 2, 2, 80})
				}
			}
		}()
	}
	if err := c.Handshake(); err != nil {
		log.Printf("%v: %v", raw.RemoteAddr(), err)
		raw.Close()
		return
	}
	lock.Lock()
	conns[c] = true
	lock.Unlock()
	defer func() {
		lock.Lock()
		delete(conns, c)
		lock.Unlock()
	}()
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			log.Printf("%v: %v", raw.RemoteAddr(), err)
			for i := 0; err == io.EOF && *tail > 0 && i < 3; i++ {
				time.Sleep(*tail)
				fmt.Fprintf(c, "line %d after the client's close_notify\n", i+1)
			}
			c.Close()
			return
		}
		fmt.Fprint(c, line)
		if strings.TrimSpace(line) == "bye" {
			c.Close()
			return
		}
	}
}

func main() {
	flag.Parse()
	pair, err := tls.LoadX509KeyPair(*cert, *key)
	if err != nil {
		log.Fatal(err)
	}
	if *signer != "" {
		other, err := tls.LoadX509KeyPair(*signer+".pem", *signer+".key")
		if err != nil {
			log.Fatal(err)
		}
		own := pair.PrivateKey.(crypto.Signer)
		pair.PrivateKey = claimed{other.PrivateKey.(crypto.Signer), own.Public()}
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{pair}, SessionTicketsDisabled: *tickets == "", MinVersion: tls.VersionTLS12}
	if *max == "1.2" {
		cfg.MaxVersion = tls.VersionTLS12
	}
	if *tickets != "" {
		var k [32]byte
		hex.Decode(k[:], []byte(*tickets))
		cfg.SetSessionTicketKeys([][32]byte{k})
	}
	lc := net.ListenConfig{KeepAlive: -1}
	l, err := lc.Listen(context.Background(), "tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		l.Close()
		lock.Lock()
		for c := range conns {
			c.Close()
		}
		os.Exit(0)
	}()
	for {
		raw, err := l.Accept()
		if err != nil {
			select {}
		}
		go serve(raw, cfg)
	}
}
