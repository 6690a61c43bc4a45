package provision

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"
)

// Folder is a folder of dashboards.
type Folder struct {
	ID    int
	UID   string
	Title string
}

// Library is what Grafana keeps in its database. Folders and dashboards share one set of uids.
type Library struct {
	mutex      sync.RWMutex
	folders    []*Folder
	dashboards map[string]*Dashboard
	nextID     int
}

// Folder finds a folder by uid or, where the provider names none, by title, and makes it where there is none.
func (l *Library) folder(uid, title string) (*Folder, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, folder := range l.folders {
		if folder.UID == uid || (uid == "" && folder.Title == title) {
			return folder, nil
		}
	}
	if _, taken := l.dashboards[uid]; taken {
		return nil, errTypeMismatch
	}
	if strings.EqualFold(title, "General") {
		return nil, errors.New("a folder with that name already exists")
	}
	if uid == "" {
		uid = newUID()
	}
	l.nextID++
	made := &Folder{ID: l.nextID, UID: uid, Title: title}
	l.folders = append(l.folders, made)
	return made, nil
}

// save puts a dashboard in, or in the place of the one that the same file had before.
func (l *Library) save(dashboard *Dashboard, previousUID string, now time.Time) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, folder := range l.folders {
		if folder.UID == dashboard.UID {
			return errTypeMismatch
		}
	}
	previous := l.dashboards[previousUID]
	if _, taken := l.dashboards[dashboard.UID]; taken && dashboard.UID != previousUID {
		return fmt.Errorf("a dashboard with the uid %q exists already", dashboard.UID)
	}
	if previous != nil {
		delete(l.dashboards, previousUID)
		dashboard.ID, dashboard.Version, dashboard.Created = previous.ID, previous.Version+1, previous.Created
	} else {
		l.nextID++
		dashboard.ID, dashboard.Version, dashboard.Created = l.nextID, 1, now
	}
	dashboard.Updated = now
	dashboard.Model["id"], dashboard.Model["uid"], dashboard.Model["version"] = dashboard.ID, dashboard.UID, dashboard.Version
	l.dashboards[dashboard.UID] = dashboard
	return nil
}

func (l *Library) remove(uid string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	delete(l.dashboards, uid)
}

// ByUID finds a dashboard.
func (l *Library) ByUID(uid string) (*Dashboard, bool) {
	l.mutex.RLock()
	defer l.mutex.RUnlock()
	dashboard, found := l.dashboards[uid]
	return dashboard, found
}

// All lists the dashboards by title.
func (l *Library) All() []*Dashboard {
	l.mutex.RLock()
	defer l.mutex.RUnlock()
	all := make([]*Dashboard, 0, len(l.dashboards))
	for _, dashboard := range l.dashboards {
		all = append(all, dashboard)
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].Title != all[j].Title {
			return all[i].Title < all[j].Title
		}
		return all[i].UID < all[j].UID
	})
	return all
}

// Folders lists the folders in the order in which they were made.
func (l *Library) Folders() []Folder {
	l.mutex.RLock()
	defer l.mutex.RUnlock()
	listed := make([]Folder, 0, len(l.folders))
	for _, folder := range l.folders {
		listed = append(listed, *folder)
	}
	return listed
}
