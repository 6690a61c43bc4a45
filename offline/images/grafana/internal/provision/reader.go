package provision

import (
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// reader follows the files of one provider.
type reader struct {
	provider   Provider
	library    *Library
	log        *slog.Logger
	root       string // the provider's path without links
	files      map[string]*file
	restricted bool // by duplicates: nothing is saved
}

// file is one file's last content that could be read, and what of it is in the library.
type file struct {
	stamp    string
	parsed   *Dashboard // nil while the file has never been valid
	unsaved  bool
	savedUID string
}

// read looks at all files; only those that changed are opened.
func (r *reader) read() error {
	root, err := filepath.EvalSymlinks(r.provider.Options.Path)
	if err != nil {
		return err
	}
	r.root = root
	seen := map[string]bool{}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir // "..data" of mounted configuration is a second view of the same files
		case !entry.IsDir() && strings.HasSuffix(path, ".json"):
			seen[path] = true
			r.load(path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for path, tracked := range r.files {
		if !seen[path] {
			delete(r.files, path)
			// With disableDeletion the dashboard stays and is nobody's.
			if tracked.savedUID != "" && !r.provider.DisableDeletion {
				r.library.remove(tracked.savedUID)
				r.log.Info("dashboard removed", "file", path)
			}
		}
	}
	return nil
}

func (r *reader) load(path string) {
	info, err := os.Stat(path)
	if err != nil {
		return // It vanished between listing and reading; the next round removes it.
	}
	tracked := r.files[path]
	if tracked == nil {
		tracked = &file{}
		r.files[path] = tracked
	}
	stamp := fmt.Sprintf("%d/%d", info.ModTime().UnixNano(), info.Size())
	if tracked.stamp == stamp {
		return
	}
	tracked.stamp = stamp
	parsed, err := ReadDashboard(path)
	if err != nil {
		r.log.Error("failed to load dashboard from file; the last good version is kept", "file", path, "error", err.Error())
		return
	}
	tracked.parsed, tracked.unsaved = parsed, true
}

// folderOf is the uid and the title of the folder that a file's dashboard goes into; both are empty for none.
func (r *reader) folderOf(path string) (uid, title string) {
	title = r.provider.Folder
	if r.provider.Options.FoldersFromFilesStructure {
		title = ""
		if folder := filepath.Dir(path); folder != r.root {
			title = filepath.Base(folder)
		}
	}
	if title == "" {
		return "", ""
	}
	return r.provider.FolderUID, title
}

// store makes the folders and saves what changed.
func (r *reader) store() error {
	if r.provider.Folder != "" && !r.provider.Options.FoldersFromFilesStructure {
		if _, err := r.folder(r.root); err != nil {
			return err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(r.files)) {
		tracked := r.files[path]
		if tracked.parsed == nil || !tracked.unsaved {
			continue
		}
		folder, err := r.folder(path)
		if err != nil {
			return err
		}
		if r.restricted {
			r.log.Warn("Not saving new dashboard due to restricted database access", "file", path)
			continue
		}
		parsed := tracked.parsed
		if parsed.UID == "" {
			parsed.UID = orNew(tracked.savedUID)
		}
		parsed.Provider, parsed.FolderUID, parsed.FolderTitle = r.provider.Name, folder.UID, folder.Title
		parsed.File, _ = filepath.Rel(r.root, path)
		if err := r.library.save(parsed, tracked.savedUID, time.Now()); err != nil {
			r.log.Error("failed to save dashboard", "file", path, "error", err.Error())
			continue
		}
		tracked.unsaved, tracked.savedUID = false, parsed.UID
		r.log.Debug("dashboard saved", "uid", parsed.UID, "file", path, "version", parsed.Version)
	}
	return nil
}

// orNew keeps the uid of a file that has none of its own, as long as the program runs.
func orNew(uid string) string {
	if uid == "" {
		return newUID()
	}
	return uid
}

func (r *reader) folder(path string) (Folder, error) {
	uid, title := r.folderOf(path)
	if title == "" {
		return Folder{}, nil
	}
	made, err := r.library.folder(uid, title)
	if err != nil {
		return Folder{}, fmt.Errorf("failed to get or create provisioning folder with name %q: %w", title, err)
	}
	return *made, nil
}
