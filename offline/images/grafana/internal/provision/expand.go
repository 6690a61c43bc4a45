// Package provision reads Grafana's provisioning files: data sources and dashboards.
package provision

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// One alternative per form Grafana knows; "$$" comes first so that an escaped dollar never starts a variable.
var variable = regexp.MustCompile(`\$\$|\$__(env|file)\{([^}]*)\}|\$\{([^}]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)`)

// Expand replaces $NAME, ${NAME}, $__env{NAME} and $__file{PATH}; "$$" becomes one dollar. An unset variable is empty.
// An unreadable file is an error that names the path and never the content.
func Expand(text string, lookup func(string) (string, bool)) (string, error) {
	var failure error
	expanded := variable.ReplaceAllStringFunc(text, func(match string) string {
		if match == "$$" {
			return "$"
		}
		parts := variable.FindStringSubmatch(match)
		if parts[1] == "file" {
			content, err := os.ReadFile(filepath.Clean(strings.TrimSpace(parts[2])))
			if err != nil {
				failure = fmt.Errorf("$__file{} cannot be read: %w", err)
				return ""
			}
			return strings.TrimSpace(string(content))
		}
		value, _ := lookup(strings.TrimSpace(parts[2] + parts[3] + parts[4]))
		return value
	})
	return expanded, failure
}

// expandNode expands every scalar value (never a key) of a YAML tree in place.
func expandNode(node *yaml.Node, lookup func(string) (string, bool)) error {
	if node.Kind == yaml.ScalarNode {
		if !strings.Contains(node.Value, "$") {
			return nil
		}
		expanded, err := Expand(node.Value, lookup)
		if err != nil {
			return err
		}
		node.Value = expanded
		if node.Style == 0 {
			node.Tag = "" // A plain scalar is resolved again, so that "$PORT" can become a number.
		}
		return nil
	}
	for index, child := range node.Content {
		if node.Kind == yaml.MappingNode && index%2 == 0 {
			continue
		}
		if err := expandNode(child, lookup); err != nil {
			return err
		}
	}
	return nil
}

// decodeFile reads one YAML file, expands it and decodes it into out.
func decodeFile(path string, lookup func(string) (string, bool), out any) error {
	content, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return err
	}
	var tree yaml.Node
	if err := yaml.Unmarshal(content, &tree); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if tree.Kind == 0 {
		return nil // an empty file
	}
	if err := expandNode(&tree, lookup); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := tree.Decode(out); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// yamlFiles lists the .yml and .yaml files of a folder in name order.
func yamlFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		name := entry.Name()
		if !entry.IsDir() && (strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml")) {
			files = append(files, filepath.Join(folder, name))
		}
	}
	return files, nil
}
