package provision

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"
)

// Dashboard is one dashboard file's last good content.
type Dashboard struct {
	ID          int
	UID         string
	Title       string
	Slug        string
	Tags        []string
	FolderTitle string
	FolderUID   string
	Provider    string
	File        string // relative to the provider's path
	Version     int
	Created     time.Time
	Updated     time.Time
	Model       map[string]any
}

// Dashboards keeps what the providers' folders hold; Refresh re-reads only files that changed.
type Dashboards struct {
	mutex     sync.RWMutex
	log       *slog.Logger
	files     map[string]*trackedFile
	nextID    int
	providers []Provider
}

type trackedFile struct {
	stamp     string
	dashboard *Dashboard // nil while the file has never been valid
}

// NewDashboards makes an empty store for the given providers.
func NewDashboards(providers []Provider, log *slog.Logger) *Dashboards {
	return &Dashboards{log: log, files: map[string]*trackedFile{}, providers: providers}
}

// Watch re-reads each provider's folder at its own interval until stop is closed.
func (d *Dashboards) Watch(stop <-chan struct{}) {
	for _, provider := range d.providers {
		go func() {
			ticker := time.NewTicker(provider.Interval())
			defer ticker.Stop()
			for {
				select {
				case <-stop:
					return
				case <-ticker.C:
					d.Refresh(provider)
				}
			}
		}()
	}
}

// RefreshAll reads all providers once.
func (d *Dashboards) RefreshAll() {
	for _, provider := range d.providers {
		d.Refresh(provider)
	}
}

// Refresh brings the store up to date with one provider's folder.
func (d *Dashboards) Refresh(provider Provider) {
	seen := map[string]bool{}
	err := filepath.WalkDir(provider.Options.Path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			// "..data" folders of mounted configuration are a second view of the same files.
			if strings.HasPrefix(entry.Name(), "..") {
				return fs.SkipDir
			}
			return nil
		}
		if strings.EqualFold(filepath.Ext(path), ".json") {
			seen[path] = true
			d.load(provider, path)
		}
		return nil
	})
	if err != nil {
		d.log.Error("dashboards cannot be read; the last good ones are kept", "provider", provider.Name, "error", err.Error())
		return
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for path, tracked := range d.files {
		gone := !seen[path] && strings.HasPrefix(path, filepath.Clean(provider.Options.Path)+string(filepath.Separator))
		if gone && (!provider.DisableDeletion || tracked.dashboard == nil) {
			delete(d.files, path)
			d.log.Info("dashboard removed", "file", path)
		}
	}
}

func (d *Dashboards) load(provider Provider, path string) {
	info, err := os.Stat(path)
	if err != nil {
		return // It vanished between listing and reading; the next round removes it.
	}
	stamp := fmt.Sprintf("%d/%d", info.ModTime().UnixNano(), info.Size())
	d.mutex.RLock()
	tracked := d.files[path]
	d.mutex.RUnlock()
	if tracked != nil && tracked.stamp == stamp {
		return
	}
	var previous *Dashboard
	if tracked != nil {
		previous = tracked.dashboard
	}
	parsed, err := parseDashboard(path)
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if err != nil {
		d.log.Error("dashboard is not valid; the last good version is kept", "file", path, "error", err.Error())
		d.files[path] = &trackedFile{stamp: stamp, dashboard: previous}
		return
	}
	for otherPath, other := range d.files {
		if otherPath != path && other.dashboard != nil && other.dashboard.UID == parsed.UID {
			d.log.Warn("dashboard uid is used twice; the second file is ignored", "uid", parsed.UID, "file", path, "first", otherPath)
			d.files[path] = &trackedFile{stamp: stamp}
			return
		}
	}
	d.place(parsed, previous, provider, path, info.ModTime())
	d.files[path] = &trackedFile{stamp: stamp, dashboard: parsed}
}

// place fills in what is not in the file itself.
func (d *Dashboards) place(parsed, previous *Dashboard, provider Provider, path string, modified time.Time) {
	parsed.Provider, parsed.Updated = provider.Name, modified
	parsed.FolderTitle, parsed.FolderUID = provider.Folder, provider.FolderUID
	parsed.File, _ = filepath.Rel(provider.Options.Path, path)
	if folder := filepath.Dir(parsed.File); provider.Options.FoldersFromFilesStructure && folder != "." {
		parsed.FolderTitle = filepath.Base(folder)
	}
	if parsed.FolderTitle != "" && parsed.FolderUID == "" {
		parsed.FolderUID = Slug(parsed.FolderTitle)
	}
	if previous != nil {
		parsed.ID, parsed.Version, parsed.Created = previous.ID, previous.Version+1, previous.Created
	} else {
		d.nextID++
		parsed.ID, parsed.Version, parsed.Created = d.nextID, 1, modified
	}
	parsed.Model["id"], parsed.Model["uid"], parsed.Model["version"] = parsed.ID, parsed.UID, parsed.Version
	d.log.Debug("dashboard loaded", "uid", parsed.UID, "file", path, "version", parsed.Version)
}

func parseDashboard(path string) (*Dashboard, error) {
	content, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	model := map[string]any{}
	if err := json.Unmarshal(content, &model); err != nil {
		return nil, err
	}
	title, _ := model["title"].(string)
	if title == "" {
		return nil, fmt.Errorf("the dashboard has no title")
	}
	uid, _ := model["uid"].(string)
	if uid == "" {
		uid = strings.ToLower(uidFromName(path))
	}
	parsed := &Dashboard{UID: uid, Title: title, Slug: Slug(title), Tags: []string{}, Model: model}
	tags, _ := model["tags"].([]any)
	for _, tag := range tags {
		if text, ok := tag.(string); ok {
			parsed.Tags = append(parsed.Tags, text)
		}
	}
	return parsed, nil
}

// ReadDashboard reads one file outside any provider (the default home dashboard).
func ReadDashboard(path string) (*Dashboard, error) { return parseDashboard(path) }

// ByUID finds a dashboard.
func (d *Dashboards) ByUID(uid string) (*Dashboard, bool) {
	for _, dashboard := range d.All() {
		if dashboard.UID == uid {
			return dashboard, true
		}
	}
	return nil, false
}

// All lists the dashboards by title.
func (d *Dashboards) All() []*Dashboard {
	d.mutex.RLock()
	defer d.mutex.RUnlock()
	all := make([]*Dashboard, 0, len(d.files))
	for _, tracked := range d.files {
		if tracked.dashboard != nil {
			all = append(all, tracked.dashboard)
		}
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].Title != all[j].Title {
			return all[i].Title < all[j].Title
		}
		return all[i].UID < all[j].UID
	})
	return all
}
