// Package logging keeps passwords out of what the program prints.
package logging

import (
	"bytes"
	"io"
	"regexp"
	"sync"
)

// shortestSecret keeps a password of a letter or two from blanking out ordinary words.
const shortestSecret = 4

var (
	inURL     = regexp.MustCompile(`([a-z][a-z0-9+]*://[^\s:/@"']*):[^\s@"']+@`)
	inKeyword = regexp.MustCompile(`(?i)(password\s*=\s*)('[^']*'|[^\s&"']+)`)
)

// Secrets knows the passwords in use and removes them from text. It is safe for concurrent use.
type Secrets struct {
	mu    sync.RWMutex
	known [][]byte
}

// NewSecrets returns an empty set; URL and keyword passwords are removed even so.
func NewSecrets() *Secrets { return new(Secrets) }

// Add makes a password known. Ones shorter than four characters are left to the URL and keyword patterns.
func (s *Secrets) Add(password string) {
	if len(password) < shortestSecret {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = append(s.known, []byte(password))
}

// Redact returns text without passwords.
func (s *Secrets) Redact(text []byte) []byte {
	clean := inURL.ReplaceAll(text, []byte("$1:***@"))
	clean = inKeyword.ReplaceAll(clean, []byte("$1***"))
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, secret := range s.known {
		clean = bytes.ReplaceAll(clean, secret, []byte("***"))
	}
	return clean
}

// Writer returns a writer that redacts each write before it reaches out; log handlers write a whole record at once.
func (s *Secrets) Writer(out io.Writer) io.Writer { return &writer{secrets: s, out: out} }

type writer struct {
	secrets *Secrets
	out     io.Writer
}

func (w *writer) Write(p []byte) (int, error) {
	if _, err := w.out.Write(w.secrets.Redact(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
