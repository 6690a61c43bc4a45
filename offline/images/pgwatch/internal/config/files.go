// Package config reads the sources and metrics files in pgwatch 3's YAML formats.
package config

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// eachFile calls read for the file at path or, when path is a folder, for every YAML file below it.
func eachFile(path string, read func(name string, text []byte) error) error {
	readOne := func(name string) error {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return read(name, text)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return readOne(path)
	}
	return filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		extension := strings.ToLower(filepath.Ext(name))
		if entry.IsDir() || extension != ".yml" && extension != ".yaml" {
			return nil
		}
		return readOne(name)
	})
}

// decode parses one YAML file and puts its name before an error.
func decode(name string, text []byte, into any) error {
	if err := yaml.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s is not valid: %w", name, err)
	}
	return nil
}
