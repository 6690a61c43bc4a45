package provision

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// use is where one uid, or one title in one folder, is used.
type use struct {
	times   int
	readers []*reader
}

// restrict takes the right to save from every provider that shares a uid, or a title in one folder, with another file.
// Grafana does so after its first round, in which chance decides which of the two is shown; here it is before.
func (d *Dashboards) restrict() {
	found := map[string]*use{}
	for _, one := range d.readers {
		one.restricted = false
		for path, tracked := range one.files {
			if tracked.parsed == nil {
				continue
			}
			folderUID, folderTitle := one.folderOf(path)
			if tracked.parsed.UID != "" {
				count(found, fmt.Sprintf("the same UID is used more than once: %q", tracked.parsed.UID), one)
			}
			count(found, fmt.Sprintf("dashboard title is not unique in folder: %q, folder %q", tracked.parsed.Title, folderUID+"/"+folderTitle), one)
		}
	}
	var said []string
	for what, used := range found {
		if used.times < 2 {
			continue
		}
		names := make([]string, 0, len(used.readers))
		for _, one := range used.readers {
			one.restricted = true
			names = append(names, one.provider.Name)
		}
		said = append(said, fmt.Sprintf("%s, times %d, providers [%s]", what, used.times, strings.Join(names, " ")))
	}
	sort.Strings(said)
	if text := strings.Join(said, "\n"); text != d.duplicates {
		d.duplicates = text
		for _, line := range said {
			d.log.Warn(line)
		}
		for _, one := range d.readers {
			if one.restricted {
				one.log.Warn("dashboards provisioning provider has no database write permissions because of duplicates")
			}
		}
	}
}

func count(found map[string]*use, what string, by *reader) {
	used := found[what]
	if used == nil {
		used = &use{}
		found[what] = used
	}
	used.times++
	if !slices.Contains(used.readers, by) {
		used.readers = append(used.readers, by)
	}
}
