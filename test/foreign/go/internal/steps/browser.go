package steps

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"time"
)

// OpenBrowser starts the program that the environment names in BROWSER, and does not wait for it.
func OpenBrowser(address string) error {
	command := exec.Command(os.Getenv("BROWSER"), address)
	if err := command.Start(); err != nil {
		return err
	}
	go command.Wait()
	return nil
}

// Callback is the redirect URI of a native app on loopback (RFC 8252 §7.3).
type Callback struct {
	answers chan url.Values
}

// Listen serves redirectURI from now on.
func Listen(redirectURI string) (*Callback, error) {
	address, err := url.Parse(redirectURI)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address.Host)
	if err != nil {
		return nil, err
	}
	callback := &Callback{answers: make(chan url.Values, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc(address.Path, func(response http.ResponseWriter, request *http.Request) {
		fmt.Fprint(response, "You can close this window.")
		callback.answers <- request.URL.Query()
	})
	go http.Serve(listener, mux)
	return callback, nil
}

// Wait returns the parameters that the browser was redirected with.
func (callback *Callback) Wait() (url.Values, error) {
	select {
	case answer := <-callback.answers:
		return answer, nil
	case <-time.After(time.Minute):
		return nil, fmt.Errorf("no answer reached the redirect URI within a minute")
	}
}
