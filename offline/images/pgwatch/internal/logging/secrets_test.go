package logging

import (
	"bytes"
	"strings"
	"testing"
)

func TestPasswordsAreRemoved(t *testing.T) {
	secrets := NewSecrets()
	secrets.Add("known-one")
	secrets.Add("abc") // too short to be looked for
	for _, text := range []string{
		"postgresql://user:s3cret@host/db",
		"cannot parse `postgres://user:s3cret@host:port/db`",
		"host=h password=s3cret dbname=d",
		"host=h password = 's3cret' dbname=d",
		"postgresql://host/db?password=s3cret&sslmode=disable",
		"something known-one something",
	} {
		got := string(secrets.Redact([]byte(text)))
		if strings.Contains(got, "s3cret") || strings.Contains(got, "known-one") || !strings.Contains(got, "***") {
			t.Errorf("%q became %q", text, got)
		}
	}
	for _, text := range []string{"postgresql://user@host:5432/db", "http://127.0.0.1:9091/pgwatch", "abc"} {
		if got := string(secrets.Redact([]byte(text))); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestAWriterReportsTheCallersLength(t *testing.T) {
	var out bytes.Buffer
	secrets := NewSecrets()
	secrets.Add("a-long-password")
	text := []byte("it is a-long-password!")
	if n, err := secrets.Writer(&out).Write(text); n != len(text) || err != nil || out.String() != "it is ***!" {
		t.Errorf("%d, %v, %q", n, err, out.String())
	}
}
