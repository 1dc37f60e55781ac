// An HTTPS server as anybody writes it.
package main

import (
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hello\n")) })
	panic(http.ListenAndServeTLS(":8444", os.Args[1], os.Args[2], nil))
}
