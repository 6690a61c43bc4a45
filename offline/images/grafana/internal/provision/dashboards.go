package provision

import (
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"time"
)

// Dashboards keeps the library in step with the providers' files.
type Dashboards struct {
	*Library
	mutex      sync.Mutex // one round at a time
	log        *slog.Logger
	readers    []*reader
	duplicates string // what the last round said of them
}

// NewDashboards makes an empty store for the given providers.
func NewDashboards(providers []Provider, log *slog.Logger) *Dashboards {
	made := &Dashboards{Library: &Library{dashboards: map[string]*Dashboard{}}, log: log}
	for _, provider := range providers {
		made.readers = append(made.readers, &reader{
			provider: provider, library: made.Library, log: log.With("provider", provider.Name), files: map[string]*file{},
		})
	}
	return made
}

// Watch reads each provider's folder again at its own interval until stop is closed.
func (d *Dashboards) Watch(stop <-chan struct{}) {
	for _, one := range d.readers {
		go func() {
			ticker := time.NewTicker(one.provider.Interval())
			defer ticker.Stop()
			for {
				select {
				case <-stop:
					return
				case <-ticker.C:
					if err := d.round(one); err != nil {
						one.log.Error("failed to search for dashboards", "error", err.Error())
					}
				}
			}
		}()
	}
}

// RefreshAll reads all providers once. As in Grafana the first that fails keeps those after it from their first round.
func (d *Dashboards) RefreshAll() {
	if err := d.round(d.readers...); errors.Is(err, fs.ErrNotExist) {
		d.log.Warn("Failed to provision config", "error", err.Error())
	} else if err != nil {
		d.log.Error("Failed to provision dashboards", "error", err.Error())
	}
}

// round reads files first and saves then, so that what is there twice is known before anything of it is saved.
func (d *Dashboards) round(readers ...*reader) error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	var failed error
	readable := make([]*reader, 0, len(readers))
	for _, one := range readers {
		if failed = one.read(); failed != nil {
			break
		}
		readable = append(readable, one)
	}
	d.restrict()
	for _, one := range readable {
		if err := one.store(); err != nil {
			return err
		}
	}
	return failed
}
