package provision

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func newStore(t *testing.T) (*Dashboards, Provider, *bytes.Buffer) {
	t.Helper()
	provider := Provider{Name: "test"}
	provider.Options.Path = t.TempDir()
	var logged bytes.Buffer
	return NewDashboards([]Provider{provider}, slog.New(slog.NewTextHandler(&logged, nil))), provider, &logged
}

// Files written within one tick of the file system's clock must still count as changed.
func change(t *testing.T, path, content string) {
	t.Helper()
	write(t, path, content)
	later := time.Now().Add(time.Duration(len(content)) * time.Second)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
}

func TestFilesAppearChangeAndGo(t *testing.T) {
	store, provider, _ := newStore(t)
	first, second := filepath.Join(provider.Options.Path, "a.json"), filepath.Join(provider.Options.Path, "deep", "b.json")
	write(t, first, `{"uid":"a","title":"First","tags":["x"]}`)
	store.RefreshAll()
	write(t, second, `{"uid":"b","title":"Second one!"}`)
	change(t, first, `{"uid":"a","title":"First, changed"}`)
	store.RefreshAll()
	changed, _ := store.ByUID("a")
	added, found := store.ByUID("b")
	if changed.Title != "First, changed" || changed.Version != 2 || changed.ID != 1 || !found || added.Slug != "second-one" {
		t.Fatalf("got %+v and %+v", changed, added)
	}
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	store.RefreshAll()
	if _, found := store.ByUID("a"); found || len(store.All()) != 1 {
		t.Error("a removed file's dashboard is still there")
	}
}

func TestABrokenFileKeepsTheLastGoodVersionAndIsLoggedOnce(t *testing.T) {
	store, provider, logged := newStore(t)
	path := filepath.Join(provider.Options.Path, "a.json")
	write(t, path, `{"uid":"a","title":"Good"}`)
	store.RefreshAll()
	change(t, path, `{"uid":"a", "title": broken`)
	store.RefreshAll()
	store.RefreshAll()
	if kept, found := store.ByUID("a"); !found || kept.Title != "Good" {
		t.Fatalf("got %+v", kept)
	}
	if count := strings.Count(logged.String(), "last good version"); count != 1 {
		t.Errorf("logged %d times", count)
	}
	change(t, path, `{"uid":"a","title":"Good again, longer"}`)
	store.RefreshAll()
	if kept, _ := store.ByUID("a"); kept.Title != "Good again, longer" {
		t.Errorf("got %+v", kept)
	}
}

func TestASecondFileWithTheSameUIDIsIgnored(t *testing.T) {
	store, provider, logged := newStore(t)
	write(t, filepath.Join(provider.Options.Path, "a.json"), `{"uid":"same","title":"First"}`)
	write(t, filepath.Join(provider.Options.Path, "b.json"), `{"uid":"same","title":"Second"}`)
	store.RefreshAll()
	if all := store.All(); len(all) != 1 || all[0].Title != "First" || !strings.Contains(logged.String(), "uid is used twice") {
		t.Errorf("got %+v\n%s", all, logged.String())
	}
}

func TestFoldersComeFromTheProviderOrTheFiles(t *testing.T) {
	store, provider, _ := newStore(t)
	provider.Folder, provider.Options.FoldersFromFilesStructure = "General", true
	write(t, filepath.Join(provider.Options.Path, "a.json"), `{"uid":"a","title":"A"}`)
	write(t, filepath.Join(provider.Options.Path, "Deep Inside", "b.json"), `{"uid":"b","title":"B"}`)
	store.Refresh(provider)
	a, _ := store.ByUID("a")
	b, _ := store.ByUID("b")
	if a.FolderTitle != "General" || b.FolderTitle != "Deep Inside" || b.FolderUID != "deep-inside" {
		t.Errorf("got %q and %q", a.FolderTitle, b.FolderTitle)
	}
}
