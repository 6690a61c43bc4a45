package collect

import (
	"sync"
	"time"

	"pgai.watch/offline/pgwatch/internal/measure"
)

// Cache shares instance level measurements between the databases of one instance.
type Cache struct {
	mu      sync.Mutex
	entries map[string]entry
}

type entry struct {
	rows  []measure.Row
	taken time.Time
}

// NewCache returns an empty cache.
func NewCache() *Cache { return &Cache{entries: map[string]entry{}} }

// get returns the rows that were stored under key within age, by whichever source; else it fetches and stores them. An
// empty key is not cached.
func (c *Cache) get(key string, age time.Duration, fetch func() ([]measure.Row, error)) ([]measure.Row, error) {
	c.mu.Lock()
	found, known := c.entries[key]
	c.mu.Unlock()
	if known && time.Since(found.taken) < age {
		return found.rows, nil
	}
	rows, err := fetch()
	if err == nil && key != "" && len(rows) > 0 {
		c.mu.Lock()
		c.entries[key] = entry{rows, time.Now()}
		c.mu.Unlock()
	}
	return rows, err
}
