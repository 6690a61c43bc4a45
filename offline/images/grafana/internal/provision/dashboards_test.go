package provision

import (
	"bytes"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// newStore follows new folders, one for each provider that edit completes.
func newStore(t *testing.T, providers ...Provider) (*Dashboards, []string, *bytes.Buffer) {
	t.Helper()
	var folders []string
	for index := range providers {
		if providers[index].Options.Path == "" {
			providers[index].Options.Path = t.TempDir()
		}
		folders = append(folders, providers[index].Options.Path)
	}
	var logged bytes.Buffer
	return NewDashboards(providers, slog.New(slog.NewTextHandler(&logged, nil))), folders, &logged
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
	store, folders, _ := newStore(t, Provider{Name: "test"})
	first, second := filepath.Join(folders[0], "a.json"), filepath.Join(folders[0], "deep", "b.json")
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
	store, folders, logged := newStore(t, Provider{Name: "test"})
	path := filepath.Join(folders[0], "a.json")
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

func TestFoldersComeFromTheProviderOrTheFiles(t *testing.T) {
	one, two := Provider{Name: "one", Folder: "Named"}, Provider{Name: "two", Folder: "Not used"}
	two.Options.FoldersFromFilesStructure = true
	store, folders, _ := newStore(t, one, two)
	write(t, filepath.Join(folders[0], "a.json"), `{"uid":"a","title":"Same"}`)
	write(t, filepath.Join(folders[1], "top.json"), `{"uid":"top","title":"Top"}`)
	write(t, filepath.Join(folders[1], "Deep Inside", "b.json"), `{"uid":"b","title":"Same"}`)
	write(t, filepath.Join(folders[1], ".hidden", "c.json"), `{"uid":"c","title":"C"}`)
	write(t, filepath.Join(folders[1], "d.JSON"), `{"uid":"d","title":"D"}`)
	store.RefreshAll()
	got := map[string]string{}
	for _, dashboard := range store.All() {
		got[dashboard.UID] = dashboard.FolderTitle
	}
	if wanted := map[string]string{"a": "Named", "top": "", "b": "Deep Inside"}; !maps.Equal(got, wanted) {
		t.Errorf("got %v", got)
	}
	if listed := store.Folders(); len(listed) != 2 || listed[0].UID == "" || listed[0].UID == "named" {
		t.Errorf("got %+v", listed)
	}
}

func TestADashboardWithTheUIDOfAFolderIsNotSaved(t *testing.T) {
	store, folders, logged := newStore(t, Provider{Name: "test", Folder: "Preview", FolderUID: "same"})
	write(t, filepath.Join(folders[0], "a.json"), `{"uid":"same","title":"Preview health"}`)
	write(t, filepath.Join(folders[0], "b.json"), `{"uid":"other","title":"Other"}`)
	store.RefreshAll()
	if _, found := store.ByUID("same"); found || len(store.All()) != 1 || !strings.Contains(logged.String(), "cannot be changed to a folder") {
		t.Errorf("got %+v\n%s", store.All(), logged)
	}
}

func TestAFolderWithTheUIDOfADashboardFailsItsProvider(t *testing.T) {
	store, folders, logged := newStore(t, Provider{Name: "one"}, Provider{Name: "two", Folder: "Preview", FolderUID: "same"})
	write(t, filepath.Join(folders[0], "a.json"), `{"uid":"same","title":"A"}`)
	write(t, filepath.Join(folders[1], "b.json"), `{"uid":"b","title":"B"}`)
	store.RefreshAll()
	if _, found := store.ByUID("same"); !found || len(store.All()) != 1 || !strings.Contains(logged.String(), "failed to get or create provisioning folder") {
		t.Errorf("got %+v\n%s", store.All(), logged)
	}
}

func TestWhatGrafanaRefusesInADashboardIsRefused(t *testing.T) {
	for content, said := range map[string]string{
		`{"uid":"a","title":"A","x":NaN}`:                                 "invalid character",
		"\xef\xbb\xbf" + `{"uid":"a","title":"A"}`:                        "invalid character",
		`{"uid":"a","title":" "}`:                                         "title cannot be empty",
		`{"dashboard":{"uid":"a","title":"A"}}`:                           "title cannot be empty",
		`{"uid":"a b","title":"A"}`:                                       "illegal characters",
		`{"uid":"12345678901234567890123456789012345678901","title":"A"}`: "uid too long",
	} {
		store, folders, logged := newStore(t, Provider{Name: "test"})
		write(t, filepath.Join(folders[0], "a.json"), content)
		store.RefreshAll()
		if len(store.All()) != 0 || !strings.Contains(logged.String(), said) {
			t.Errorf("%s: got %+v\n%s", content, store.All(), logged)
		}
	}
}

func TestAFileWithoutAUIDHasAnotherOneInEveryLibrary(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "a.json"), `{"title":"A"}`)
	seen := map[string]bool{}
	for range 2 {
		provider := Provider{Name: "test"}
		provider.Options.Path = folder
		store, _, _ := newStore(t, provider)
		store.RefreshAll()
		uid := store.All()[0].UID
		change(t, filepath.Join(folder, "a.json"), `{"title":"A, changed `+uid+`"}`)
		store.RefreshAll()
		if all := store.All(); len(all) != 1 || all[0].UID != uid || all[0].Version != 2 {
			t.Errorf("got %+v", all)
		}
		seen[uid] = true
	}
	if len(seen) != 2 {
		t.Errorf("got %v", seen)
	}
}

func TestAMissingDirectoryEndsTheFirstRoundAndNotTheNext(t *testing.T) {
	gone := Provider{Name: "gone"}
	gone.Options.Path = filepath.Join(t.TempDir(), "gone")
	store, folders, _ := newStore(t, gone, Provider{Name: "there"})
	write(t, filepath.Join(folders[1], "a.json"), `{"uid":"a","title":"A"}`)
	store.RefreshAll()
	if len(store.All()) != 0 {
		t.Errorf("got %+v", store.All())
	}
	if err := store.round(store.readers[1]); err != nil || len(store.All()) != 1 {
		t.Errorf("got %+v, %v", store.All(), err)
	}
}
