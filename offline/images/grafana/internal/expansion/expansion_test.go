package expansion

import (
	"os"
	"path/filepath"
	"testing"
)

func environment(name string) (string, bool) {
	value, found := map[string]string{"HOST": "db", "PORT": "5432", "DOLLAR": "a$HOST"}[name]
	return value, found
}

func TestExpand(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("p$HOST#:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, wanted := range map[string]string{
		"$HOST:${PORT}":            "db:5432",
		"$__env{HOST}":             "db",
		"$__file{" + secret + "}":  "p$HOST#:", // what comes out is not expanded again
		"$DOLLAR":                  "a$HOST",
		"cost $$5 and $$HOST":      "cost $5 and $HOST",
		"[$MISSING]":               "[]",
		"a lonely $ stays, $1 too": "a lonely $ stays, $1 too",
	} {
		got, err := Expand(text, environment)
		if err != nil || got != wanted {
			t.Errorf("%q: got %q, %v; wanted %q", text, got, err, wanted)
		}
	}
	if _, err := Expand("$__file{/does/not/exist}", environment); err == nil {
		t.Error("an unreadable file is no error")
	}
}

func TestASettingExpandsTheFormsWithBracesOnly(t *testing.T) {
	for text, wanted := range map[string]string{"p$HOST": "p$HOST", "$__env{HOST}/${PORT}": "db/5432", "$$": "$$"} {
		if got, err := Setting(text, environment); err != nil || got != wanted {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
}
