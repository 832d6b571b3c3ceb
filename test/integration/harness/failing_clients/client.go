// A client of Go's net/http: prints the error of a failure. usage: URL CA [CERTIFICATE KEY]
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(os.Args[2])
	if err != nil {
		panic(err)
	}
	roots.AppendCertsFromPEM(pem)
	settings := &tls.Config{RootCAs: roots}
	if len(os.Args) > 4 {
		pair, err := tls.LoadX509KeyPair(os.Args[3], os.Args[4])
		if err != nil {
			panic(err)
		}
		settings.Certificates = []tls.Certificate{pair}
	}
	if os.Getenv("CLIENT_MAXIMUM") == "1.2" {
		settings.MaxVersion = tls.VersionTLS12
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: settings}, Timeout: 10 * time.Second}
	response, err := client.Get(os.Args[1])
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(response.StatusCode)
}
