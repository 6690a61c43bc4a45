// Package api is a client for the DNS records of the Cloudflare API: it repeats
// what may be repeated, and makes one sentence of what went wrong.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// DefaultURL is the vendor's own.
	DefaultURL = "https://api.cloudflare.com/client/v4"

	// The vendor's client tries as often, pauses as long, and waits when it is asked
	// to only below a minute.
	attempts        = 3
	firstPause      = 500 * time.Millisecond
	longestPause    = 8 * time.Second
	longestAskedFor = time.Minute
	attemptTimeout  = 30 * time.Second
	longestAnswer   = 4 << 20
)

// UserAgent names the program to the vendor.
var UserAgent = "pgai-cloudflare-stand-in"

// Credentials are what the vendor knows the user by: a token, or a key with the
// e-mail address it belongs to, or a service key.
type Credentials struct {
	Token      string
	Key        string
	Email      string
	ServiceKey string
}

// Client sends requests.
type Client struct {
	URL         string
	Credentials Credentials
	// Waiting is told before each pause between two attempts.
	Waiting func(reason error, pause time.Duration)
}

// request is one thing that is wanted of the API.
type request struct {
	// purpose completes "Cloudflare did not …".
	purpose string
	method  string
	path    string
	body    any
}

// send sends a request until it is answered, refused or tried often enough. The
// answer's result goes to result.
func (c *Client) send(ctx context.Context, wanted request, result any) (err error) {
	var body []byte
	if wanted.body != nil {
		if body, err = json.Marshal(wanted.body); err != nil {
			return err
		}
	}
	tried := 0
	started := time.Now()
	var last error
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = firstPause, longestPause, 2
	raw, err := backoff.Retry(ctx, func() (json.RawMessage, error) {
		tried++
		var raw json.RawMessage
		raw, last = c.attempt(ctx, wanted, body)
		var refusal *Refusal
		if errors.As(last, &refusal) {
			if !refusal.temporary() {
				return nil, backoff.Permanent(last)
			}
			if refusal.after > 0 && refusal.after < longestAskedFor {
				return nil, &backoff.RetryAfterError{Duration: refusal.after}
			}
		}
		return raw, last
	}, backoff.WithBackOff(pauses), backoff.WithMaxTries(attempts), backoff.WithNotify(
		func(_ error, pause time.Duration) { c.Waiting(last, pause) },
	))
	if err != nil {
		return &Failure{
			purpose: wanted.purpose, attempts: tried, took: time.Since(started), reason: reason(last, err),
		}
	}
	if result != nil {
		if err := json.Unmarshal(raw, result); err != nil {
			return fmt.Errorf("Cloudflare's answer is not what was expected when it was to %s: %w", wanted.purpose, err)
		}
	}
	return nil
}

// reason prefers what the API said to what ended the attempts.
func reason(last, ended error) error {
	if last != nil {
		return last
	}
	return ended
}

// attempt sends a request once.
func (c *Client) attempt(ctx context.Context, wanted request, body []byte) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	url := strings.TrimSuffix(c.URL, "/") + wanted.path
	sent, err := http.NewRequestWithContext(ctx, wanted.method, url, bytes.NewReader(body))
	if err != nil {
		return nil, backoff.Permanent(err)
	}
	sent.Header.Set("User-Agent", UserAgent)
	sent.Header.Set("Content-Type", "application/json")
	if err := c.Credentials.apply(sent.Header); err != nil {
		return nil, backoff.Permanent(err)
	}
	answer, err := http.DefaultClient.Do(sent)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(answer.Body, longestAnswer))
	if err != nil {
		return nil, err
	}
	var envelope struct {
		Success bool            `json:"success"`
		Errors  []Detail        `json:"errors"`
		Result  json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(content, &envelope); err != nil && answer.StatusCode < http.StatusBadRequest {
		return nil, backoff.Permanent(fmt.Errorf("the answer of %s is not JSON: it is not the API's address", c.URL))
	}
	if answer.StatusCode >= http.StatusBadRequest || !envelope.Success {
		return nil, &Refusal{
			Status: answer.StatusCode, Details: envelope.Errors, after: pauseAskedFor(answer.Header.Get("Retry-After")),
		}
	}
	return envelope.Result, nil
}

// pauseAskedFor reads a Retry-After header: seconds or a date.
func pauseAskedFor(header string) time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(header)); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(time.Until(date), 0)
	}
	return 0
}

func (c Credentials) apply(header http.Header) error {
	switch {
	case c.Token != "":
		header.Set("Authorization", "Bearer "+c.Token)
	case c.Key != "" && c.Email != "":
		header.Set("X-Auth-Key", c.Key)
		header.Set("X-Auth-Email", c.Email)
	case c.ServiceKey != "":
		header.Set("X-Auth-User-Service-Key", c.ServiceKey)
	default:
		return errors.New("there is no API token: set CLOUDFLARE_API_TOKEN, or `pulumi config set --secret cloudflare:apiToken`")
	}
	return nil
}
