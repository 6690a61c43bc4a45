package remote

import (
	"os/exec"
	"strings"
	"testing"
)

func TestVariablesReachTheShellAsTheyAre(t *testing.T) {
	value := "it's \"$HOME\" `id` \\ and\na second line"
	script, err := exported(map[string]string{"B": value, "A": ""})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(script, "export A=''\nexport B=") {
		t.Errorf("not in order: %s", script)
	}
	printed, err := exec.Command("sh", "-c", script+`printf %s "$B"`).Output()
	if err != nil || string(printed) != value {
		t.Errorf("%v: %q", err, printed)
	}
}

func TestANameThatTheShellWouldRunIsRefused(t *testing.T) {
	for _, name := range []string{"", "1A", "A B", "A=1; id #", "Ä"} {
		if _, err := exported(map[string]string{name: ""}); err == nil {
			t.Errorf("%q is taken for a name", name)
		}
	}
}
