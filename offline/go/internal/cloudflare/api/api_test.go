package api

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestANameMayLeaveTheZoneOut(t *testing.T) {
	same := map[string]bool{
		"preview-x.pgai.watch": true, "Preview-X.pgai.watch.": true, "preview-x": true, "@": true,
		"preview": false, "preview-y.pgai.watch": false,
	}
	for given, want := range same {
		if got := SameName(given, "preview-x.pgai.watch"); got != want {
			t.Errorf("SameName(%q) is %t", given, got)
		}
	}
}

func TestAPauseIsAskedForInSecondsOrAsADate(t *testing.T) {
	if got := pauseAskedFor(" 7 "); got != 7*time.Second {
		t.Errorf("seconds: %s", got)
	}
	date := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
	if got := pauseAskedFor(date); got < 80*time.Second || got > 90*time.Second {
		t.Errorf("date: %s", got)
	}
	for _, header := range []string{"", "soon", "-3", "Mon, 01 Jan 2001 00:00:00 GMT"} {
		if got := pauseAskedFor(header); got != 0 {
			t.Errorf("%q: %s", header, got)
		}
	}
}

func TestAFailureIsOneSentenceWithTheVendorsWords(t *testing.T) {
	refusal := &Refusal{Status: 400, Details: []Detail{{Code: 9005, Message: "Content is invalid."}, {Code: 1004, Message: "Bad"}}}
	failure := &Failure{purpose: "create the DNS record x", attempts: 1, reason: refusal}
	want := "Cloudflare did not create the DNS record x: it answered 400 Bad Request: Content is invalid (9005); Bad (1004)"
	if got := failure.Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if IsGone(failure) || !IsGone(&Failure{reason: &Refusal{Status: 404, Details: []Detail{{Code: 81044}}}}) {
		t.Error("only a record that does not exist is gone")
	}
	if IsGone(errors.New("connection refused")) {
		t.Error("a machine that does not answer says nothing about the record")
	}
}
