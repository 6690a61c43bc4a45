package sharedssh

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// The longest path that a socket can have everywhere, less what the client
// appends to it while it makes the socket.
const longestDirectory = 104 - 17 - 1 - 16

// controlDirectory makes sure of the directory with the shared connections. It
// is the user's alone: who can open a socket there can log in to the machine.
func controlDirectory() (string, error) {
	directory := filepath.Join(os.TempDir(), fmt.Sprintf("pgai-preview-ssh-%d", os.Getuid()))
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); isDirectory(runtime) {
		directory = choose(filepath.Join(runtime, "pgai-preview-ssh"), directory)
	} else if cache, err := os.UserCacheDir(); err == nil {
		directory = choose(filepath.Join(cache, "pgai-preview", "ssh"), directory)
	}
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return "", fmt.Errorf("the directory for shared SSH connections cannot be made: %w", err)
	}
	status, err := os.Lstat(directory)
	if err != nil {
		return "", fmt.Errorf("the directory for shared SSH connections cannot be read: %w", err)
	}
	owner, ok := status.Sys().(*syscall.Stat_t)
	if !status.IsDir() || status.Mode().Perm() != 0o700 || !ok || int(owner.Uid) != os.Getuid() {
		return "", fmt.Errorf("%s holds shared SSH connections and must be a directory of yours with mode 0700: "+
			"remove it, and it is made anew", directory)
	}
	return directory, nil
}

func isDirectory(path string) bool {
	status, err := os.Stat(path)
	return path != "" && err == nil && status.IsDir()
}

func choose(wanted, fallback string) string {
	if len(wanted) > longestDirectory {
		return fallback
	}
	return wanted
}
