package provision

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Dashboard is one dashboard as it was last saved.
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

const longestUID = 40

var (
	validUID = regexp.MustCompile(`^[a-zA-Z0-9_-]*$`)
	notSlug  = regexp.MustCompile(`[^a-z0-9]+`)

	// Grafana's own sentences.
	errTitleEmpty   = errors.New("Dashboard title cannot be empty")
	errUIDInvalid   = errors.New("uid contains illegal characters")
	errUIDTooLong   = errors.New("uid too long, max 40 characters")
	errTypeMismatch = errors.New("Dashboard cannot be changed to a folder")
)

// ReadDashboard reads one file; its uid may be empty.
func ReadDashboard(path string) (*Dashboard, error) {
	content, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	model := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	if err := decoder.Decode(&model); err != nil {
		return nil, err
	}
	title, _ := model["title"].(string)
	if title = strings.TrimSpace(title); title == "" {
		return nil, errTitleEmpty
	}
	uid, _ := model["uid"].(string)
	uid = strings.TrimSpace(uid)
	if !validUID.MatchString(uid) {
		return nil, errUIDInvalid
	}
	if len(uid) > longestUID {
		return nil, errUIDTooLong
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

// newUID is of Grafana's form and never the same twice: nothing may rest on the uid of what has none of its own.
func newUID() string { return strings.ToLower(rand.Text()[:14]) }

// Slug is the readable last part of a dashboard's address.
func Slug(title string) string {
	slug := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(title), "-"), "-")
	if slug == "" {
		return "dashboard"
	}
	return slug
}
