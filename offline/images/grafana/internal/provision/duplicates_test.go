package provision

import (
	"path/filepath"
	"strings"
	"testing"
)

const notSaving = "Not saving new dashboard due to restricted database access"

func TestTwoProvidersOfTheSameFilesSaveNone(t *testing.T) {
	one := Provider{Name: "one"}
	one.Options.Path = t.TempDir()
	two := one
	two.Name, two.Folder = "two", "Other"
	store, folders, logged := newStore(t, one, two, Provider{Name: "three"})
	write(t, filepath.Join(folders[0], "a.json"), `{"uid":"a","title":"A"}`)
	write(t, filepath.Join(folders[2], "c.json"), `{"uid":"c","title":"C"}`)
	store.RefreshAll()
	if all := store.All(); len(all) != 1 || all[0].UID != "c" {
		t.Errorf("got %+v", all)
	}
	for _, line := range []string{"provider=one", "provider=two"} {
		if !strings.Contains(logged.String(), `because of duplicates" `+line) || !strings.Contains(logged.String(), notSaving+`" `+line) {
			t.Errorf("%s is not in\n%s", line, logged)
		}
	}
}

func TestAUIDThatIsUsedTwiceTakesTheRightToSaveUntilItIsNotUsedTwice(t *testing.T) {
	store, folders, logged := newStore(t, Provider{Name: "test"})
	first, second := filepath.Join(folders[0], "a.json"), filepath.Join(folders[0], "b.json")
	write(t, first, `{"uid":"same","title":"First"}`)
	store.RefreshAll()
	write(t, second, `{"uid":"same","title":"Second"}`)
	change(t, first, `{"uid":"same","title":"First, changed"}`)
	store.RefreshAll()
	if all := store.All(); len(all) != 1 || all[0].Title != "First" || !strings.Contains(logged.String(), "the same UID is used more than once") {
		t.Fatalf("got %+v\n%s", all, logged)
	}
	change(t, second, `{"uid":"another","title":"Second"}`)
	store.RefreshAll()
	if all := store.All(); len(all) != 2 || all[0].Title != "First, changed" || all[0].Version != 2 {
		t.Errorf("got %+v", all)
	}
}

func TestATitleThatIsUsedTwiceInOneFolderTakesTheRightToSave(t *testing.T) {
	store, folders, logged := newStore(t, Provider{Name: "test"})
	write(t, filepath.Join(folders[0], "a.json"), `{"uid":"a","title":"Same"}`)
	write(t, filepath.Join(folders[0], "b.json"), `{"uid":"b","title":"Same"}`)
	store.RefreshAll()
	if all := store.All(); len(all) != 0 || !strings.Contains(logged.String(), "title is not unique in folder") {
		t.Errorf("got %+v\n%s", all, logged)
	}
}
