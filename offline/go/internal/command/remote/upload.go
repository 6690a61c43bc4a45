package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pkg/sftp"
)

// upload copies a source over SFTP. Existing files are overwritten in place,
// parents are made, and modes and times are those of new files.
//
// A directory arrives inside the target, unless its path ends with a slash:
// then its entries do. A file arrives inside a target that is a directory.
func upload(ctx context.Context, inputs CopyInputs) error {
	client, err := inputs.Connection.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	session, err := sftp.NewClient(client, sftp.UseConcurrentWrites(true))
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	there := remote{session}
	if asset := inputs.Source.Asset; asset != nil && asset.IsText() {
		return there.putText(asset.Text, inputs.RemotePath)
	}
	source := ""
	if inputs.Source.Asset != nil {
		source = inputs.Source.Asset.Path
	} else {
		source = inputs.Source.Archive.Path
	}
	status, err := os.Stat(source)
	if err != nil {
		return err
	}
	if !status.IsDir() {
		return there.putFileOrInto(source, inputs.RemotePath)
	}
	if err := there.makeDirectories(inputs.RemotePath); err != nil {
		return err
	}
	target := inputs.RemotePath
	if !strings.HasSuffix(source, "/") {
		target = path.Join(target, filepath.Base(source))
	}
	return there.putDirectory(source, target)
}

// remote is the machine's side of a copy.
type remote struct{ *sftp.Client }

// status is nil for what is not there.
func (r remote) status(target string) (fs.FileInfo, error) {
	found, err := r.Stat(target)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("failed to stat remote path %s: %w", target, err)
	}
	return found, nil
}

// makeDirectories leaves alone what is there already, whatever it is.
func (r remote) makeDirectories(target string) error {
	found, err := r.status(target)
	if err != nil || found != nil {
		return err
	}
	if err := r.MkdirAll(target); err != nil {
		return fmt.Errorf("failed to create remote directory %s: %w", target, err)
	}
	return nil
}

func (r remote) putText(text, target string) error {
	found, err := r.status(target)
	if err != nil {
		return err
	}
	if found != nil && found.IsDir() {
		return fmt.Errorf("remote path %s is a directory; when using a text asset, remotePath must be a file path", target)
	}
	if err := r.makeDirectories(path.Dir(target)); err != nil {
		return err
	}
	return r.put(strings.NewReader(text), target)
}

func (r remote) putFileOrInto(source, target string) error {
	found, err := r.status(target)
	if err != nil {
		return err
	}
	if found != nil && found.IsDir() {
		target = path.Join(target, filepath.Base(source))
	} else if err := r.makeDirectories(path.Dir(target)); err != nil {
		return err
	}
	return r.putFile(source, target)
}

// putDirectory follows links to files, one file after the other.
func (r remote) putDirectory(source, target string) error {
	return fs.WalkDir(os.DirFS(source), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		place := path.Join(target, name)
		if !entry.IsDir() {
			return r.putFile(filepath.Join(source, name), place)
		}
		found, err := r.status(place)
		switch {
		case err != nil:
			return err
		case found == nil:
			if err := r.Mkdir(place); err != nil {
				return fmt.Errorf("failed to create remote directory %s: %w", place, err)
			}
		case !found.IsDir():
			return fmt.Errorf("remote path %s exists but is not a directory", place)
		}
		return nil
	})
}

func (r remote) putFile(source, target string) error {
	file, err := os.Open(source)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return r.put(file, target)
}

func (r remote) put(content io.Reader, target string) error {
	file, err := r.Create(target)
	if err != nil {
		return fmt.Errorf("failed to create remote file %s: %w", target, err)
	}
	_, err = file.ReadFrom(content)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("failed to copy to remote path %s: %w", target, err)
	}
	return nil
}
