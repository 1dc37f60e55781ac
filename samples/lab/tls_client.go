// A TLS client that does one thing per line of standard input, so that a recipe
// decides the order of events:
//
//	open NAME LOCALPORT [suites=c013,c02f] [min=1.2] [max=1.2] [cache=ID] [renegotiate=1]
//	dial LOCALPORT        only connect (expected to fail)
//	echo NAME TEXT        send a line, read the line that comes back
//	send NAME TEXT        send only
//	wait NAME             read until the connection ends, say how
//	half NAME             close_notify, keep reading
//	close NAME            close_notify, then close the socket
//
// Every command is answered by one line: "ok ...", or "failed ...".
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

var (
	target = flag.String("to", "192.0.2.1:8443", "")
	ca     = flag.String("ca", "", "")
	keylog = flag.String("keylog", "", "")
	name   = flag.String("name", "server.example.test", "")
)

var versions = map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func connect(port string) (net.Conn, error) {
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{LocalAddr: &net.TCPAddr{Port: n}, Timeout: 10 * time.Second, KeepAlive: -1}
	return d.Dial("tcp", *target)
}

func main() {
	flag.Parse()
	pem, err := os.ReadFile(*ca)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	keys, err := os.OpenFile(*keylog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	conns := map[string]*tls.Conn{}
	caches := map[string]tls.ClientSessionCache{}

	do := func(f []string) (string, error) {
		switch f[0] {
		case "open":
			cfg := &tls.Config{RootCAs: roots, ServerName: *name, KeyLogWriter: keys, MinVersion: tls.VersionTLS10}
			for _, option := range f[3:] {
				key, value, _ := strings.Cut(option, "=")
				switch key {
				case "suites":
					for _, s := range strings.Split(value, ",") {
						id, err := strconv.ParseUint(s, 16, 16)
						if err != nil {
							return "", err
						}
						cfg.CipherSuites = append(cfg.CipherSuites, uint16(id))
					}
				case "min":
					cfg.MinVersion = versions[value]
				case "max":
					cfg.MaxVersion = versions[value]
				case "renegotiate":
					cfg.Renegotiation = tls.RenegotiateFreelyAsClient
				case "cache":
					if caches[value] == nil {
						caches[value] = tls.NewLRUClientSessionCache(4)
					}
					cfg.ClientSessionCache = caches[value]
				}
			}
			raw, err := connect(f[2])
			if err != nil {
				return "", err
			}
			c := tls.Client(raw, cfg)
			raw.SetDeadline(time.Now().Add(10 * time.Second))
			if err := c.Handshake(); err != nil {
				raw.Close()
				return "", err
			}
			raw.SetDeadline(time.Now().Add(120 * time.Second))
			conns[f[1]] = c
			s := c.ConnectionState()
			return fmt.Sprintf("%04x %s resumed=%v", s.Version, tls.CipherSuiteName(s.CipherSuite), s.DidResume), nil
		case "dial":
			raw, err := connect(f[1])
			if err != nil {
				return "", err
			}
			return "connected", raw.Close()
		}
		c := conns[f[1]]
		if c == nil {
			return "", fmt.Errorf("no connection %s", f[1])
		}
		switch f[0] {
		case "echo", "send":
			if _, err := fmt.Fprintln(c, strings.Join(f[2:], " ")); err != nil || f[0] == "send" {
				return "sent", err
			}
			line, err := bufio.NewReader(c).ReadString('\n')
			return strings.TrimSpace(line), err
		case "wait":
			all, err := io.ReadAll(c)
			return fmt.Sprintf("read %d bytes, then %v", len(all), err), nil
		case "half":
			return "", c.CloseWrite()
		case "close":
			delete(conns, f[1])
			if err := c.Close(); err != nil {
				return err.Error(), nil
			}
			return "closed", nil
		}
		return "", fmt.Errorf("unknown command %s", f[0])
	}

	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		text, err := do(strings.Fields(in.Text()))
		if err != nil {
			fmt.Println("failed", err)
		} else {
			fmt.Println("ok", text)
		}
	}
}
