// A small web application, which knows of no tracing: GET /hello answers hello, at the port PORT (8080; 0: any).
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
)

func hello(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, "hello")
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("hello: listening at port %d\n", listener.Addr().(*net.TCPAddr).Port)
	http.HandleFunc("GET /hello", hello)
	log.Fatal(http.Serve(listener, nil))
}
