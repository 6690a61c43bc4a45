package api

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// codeNoSuchRecord is the vendor's own.
const codeNoSuchRecord = 81044

// Detail is one of the errors in an answer.
type Detail struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Chain   []struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error_chain"`
}

func (d Detail) String() string {
	text := fmt.Sprintf("%s (%d)", strings.TrimSuffix(d.Message, "."), d.Code)
	for _, cause := range d.Chain {
		text += fmt.Sprintf(": %s (%d)", strings.TrimSuffix(cause.Message, "."), cause.Code)
	}
	return text
}

// Refusal is an answer that is not a success.
type Refusal struct {
	Status  int
	Details []Detail
	after   time.Duration
}

// Error implements error.
func (r *Refusal) Error() string {
	text := fmt.Sprintf("it answered %d %s", r.Status, http.StatusText(r.Status))
	for index, detail := range r.Details {
		separator := "; "
		if index == 0 {
			separator = ": "
		}
		text += separator + detail.String()
	}
	return text
}

func (r *Refusal) temporary() bool {
	return r.Status == http.StatusTooManyRequests || r.Status == http.StatusRequestTimeout ||
		r.Status >= http.StatusInternalServerError
}

// Failure is a request that came to nothing.
type Failure struct {
	purpose  string
	attempts int
	took     time.Duration
	reason   error
}

// Error implements error: one sentence with the vendor's own words and what to do.
func (f *Failure) Error() string {
	text := "Cloudflare did not " + f.purpose
	if f.attempts > 1 {
		text += fmt.Sprintf(" (%d attempts in %s)", f.attempts, f.took.Round(100*time.Millisecond))
	}
	return text + ": " + f.reason.Error() + f.remedy()
}

// Unwrap gives the reason.
func (f *Failure) Unwrap() error { return f.reason }

func (f *Failure) remedy() string {
	var refusal *Refusal
	switch {
	case !errors.As(f.reason, &refusal):
		return ""
	case refusal.Status == http.StatusUnauthorized || refusal.Status == http.StatusForbidden:
		return "; check that the API token may edit DNS in this zone, and that the zone's ID is right"
	case refusal.temporary():
		return "; try again later, https://www.cloudflarestatus.com tells of outages"
	}
	return ""
}

// IsGone tells whether an error says that the record does not exist.
func IsGone(err error) bool {
	var refusal *Refusal
	return errors.As(err, &refusal) && slices.ContainsFunc(refusal.Details, func(d Detail) bool {
		return d.Code == codeNoSuchRecord
	})
}
