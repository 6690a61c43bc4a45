package collect

import (
	"sync"
	"time"

	"pgai.watch/offline/pgwatch/internal/measure"
)

// Cache shares instance level measurements between the databases of one instance.
type Cache struct {
	mu      sync.Mutex
	entries map[string]*entry
}

type entry struct {
	mu    sync.Mutex
	owner string // the source that measured
	rows  []measure.Row
	taken time.Time
}

// NewCache returns an empty cache.
func NewCache() *Cache { return &Cache{entries: map[string]*entry{}} }

// get returns the rows that another source has stored under key within age; else it fetches and stores them. A source
// never gets its own earlier rows back, so its measurements stay as fresh as its interval. An empty key is not cached.
func (c *Cache) get(key, asker string, age time.Duration, fetch func() ([]measure.Row, error)) ([]measure.Row, error) {
	if key == "" {
		return fetch()
	}
	c.mu.Lock()
	if c.entries[key] == nil {
		c.entries[key] = new(entry)
	}
	found := c.entries[key]
	c.mu.Unlock()

	found.mu.Lock()
	defer found.mu.Unlock()
	if found.owner != "" && found.owner != asker && time.Since(found.taken) < age {
		return found.rows, nil
	}
	rows, err := fetch()
	if err == nil {
		found.owner, found.rows, found.taken = asker, rows, time.Now()
	}
	return rows, err
}
