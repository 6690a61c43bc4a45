package plugins

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

const (
	maxArchive = 256 << 20
	maxFile    = 256 << 20
)

// install unpacks the archive at source, an address or a file, into directory/id, in the place of what is there.
func install(ctx context.Context, id, source, directory string) error {
	content, err := open(ctx, source)
	if err != nil {
		return err
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return fmt.Errorf("failed to extract plugin archive: %w", err)
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	unpacked, err := os.MkdirTemp(directory, ".unpacking-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(unpacked) }()
	for _, entry := range archive.File {
		if err := extract(entry, unpacked); err != nil {
			return fmt.Errorf("failed to extract plugin archive: %w", err)
		}
	}
	if _, err := read(filepath.Join(unpacked, "plugin.json")); err != nil {
		return fmt.Errorf("failed to extract plugin archive: %w", err)
	}
	target := filepath.Join(directory, id)
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	if err := os.Chmod(unpacked, 0o755); err != nil {
		return err
	}
	return os.Rename(unpacked, target)
}

func open(ctx context.Context, source string) ([]byte, error) {
	if !strings.Contains(source, "://") {
		return os.ReadFile(filepath.Clean(source))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "grafana stand-in")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("Failed to send request: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusNotFound {
		return nil, errors.New("Failed to find requested plugin, check if the plugin_id is correct: 404 not found error")
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("failed to download plugin archive: Api returned invalid status: %s", response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, maxArchive))
}

// extract writes one entry without the archive's own top folder; nothing is written outside.
func extract(entry *zip.File, into string) error {
	_, name, nested := strings.Cut(entry.Name, "/")
	if !nested || name == "" {
		return nil
	}
	if !filepath.IsLocal(name) {
		return fmt.Errorf("the archive holds a path that leads outside: %q", entry.Name)
	}
	path := filepath.Join(into, name)
	if entry.FileInfo().IsDir() {
		return os.MkdirAll(path, 0o755)
	}
	if !entry.Mode().IsRegular() {
		return fmt.Errorf("the archive holds something that is no file: %q", entry.Name)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	reader, err := entry.Open()
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }()
	written, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, entry.Mode().Perm()&0o755|0o444)
	if err != nil {
		return err
	}
	if _, err := io.Copy(written, io.LimitReader(reader, maxFile)); err != nil {
		_ = written.Close()
		return err
	}
	return written.Close()
}
