package remote

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer/types"

	"pgai.watch/preview/offline/internal/command/sharedssh"
)

// What the machine does with the content that follows. As with the official
// plugin, existing files are overwritten in place, parents are made, and modes
// and times are those of new files.
const (
	writeText = `
if [ -d "$target" ]; then echo "$target is a directory: a StringAsset needs a file's name" >&2; exit 1; fi
mkdir -p -- "$(dirname -- "$target")" && cat >"$target"`
	writeFile = `
if [ -d "$target" ]; then target="$target/$name"; fi
mkdir -p -- "$(dirname -- "$target")" && cat >"$target"`
	writeDirectory = `
if [ -e "$target" ] && [ ! -d "$target" ]; then echo "$target exists and is not a directory" >&2; exit 1; fi
mkdir -p -- "$target" &&
tar --extract --file=- --directory="$target" --overwrite --touch --no-same-owner --no-same-permissions`
)

// transfer returns the script that takes a source in, and the source's content.
//
// A directory arrives inside the target, unless its path ends with a slash:
// then its entries do. A file arrives inside a target that is a directory.
func transfer(source types.AssetOrArchive, target string) (string, io.ReadCloser, error) {
	if source.Asset != nil && source.Asset.IsText() {
		return script(writeText, target, ""), io.NopCloser(strings.NewReader(source.Asset.Text)), nil
	}
	var path string
	switch {
	case source.Asset != nil:
		path = source.Asset.Path
	case source.Archive != nil:
		path = source.Archive.Path
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", nil, err
	}
	file, err := os.Open(absolute)
	if err != nil {
		return "", nil, fmt.Errorf("the source of the copy cannot be read: %w", err)
	}
	status, err := file.Stat()
	if err != nil {
		return "", nil, fmt.Errorf("the source of the copy cannot be read: %w", err)
	}
	if !status.IsDir() {
		return script(writeFile, target, filepath.Base(absolute)), file, nil
	}
	_ = file.Close()
	prefix := filepath.Base(absolute)
	if strings.HasSuffix(path, "/") {
		prefix = "."
	}
	content, err := packed(absolute, prefix)
	return script(writeDirectory, target, ""), io.NopCloser(content), err
}

func script(what, target, name string) string {
	return fmt.Sprintf("target=%s\nname=%s%s", sharedssh.Quote(target), sharedssh.Quote(name), what)
}

// packed is a tar archive of a directory's files, with links replaced by what
// they point to. It is complete before anything is sent.
func packed(directory, prefix string) (io.Reader, error) {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(directory, path)
		if err != nil {
			return err
		}
		header := tar.Header{Name: filepath.ToSlash(filepath.Join(prefix, relative)), ModTime: time.Now()}
		if entry.IsDir() {
			// Only an empty one has to be named, the others come with their files.
			entries, err := os.ReadDir(path)
			if err != nil || len(entries) > 0 || header.Name == "." {
				return err
			}
			header.Typeflag, header.Mode = tar.TypeDir, 0o777
			return writer.WriteHeader(&header)
		}
		content, err := regularFile(path)
		if err != nil {
			return err
		}
		header.Typeflag, header.Mode, header.Size = tar.TypeReg, 0o666, int64(len(content))
		if err := writer.WriteHeader(&header); err != nil {
			return err
		}
		_, err = writer.Write(content)
		return err
	})
	if err == nil {
		err = writer.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("the source of the copy cannot be read: %w", err)
	}
	return &archive, nil
}

func regularFile(path string) ([]byte, error) {
	status, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !status.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is neither a file nor a directory", path)
	}
	return os.ReadFile(path)
}
