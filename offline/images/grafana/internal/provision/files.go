// Package provision reads Grafana's provisioning files: data sources and dashboards.
package provision

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"pgai.example/standins/grafana/internal/expansion"
)

// expandNode expands every scalar value (never a key) of a YAML tree in place.
func expandNode(node *yaml.Node, lookup expansion.Lookup) error {
	if node.Kind == yaml.ScalarNode {
		if !strings.Contains(node.Value, "$") {
			return nil
		}
		expanded, err := expansion.Expand(node.Value, lookup)
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

// readTree reads the first document of a YAML file and expands it; the tree is nil where the file holds nothing.
func readTree(path string, lookup expansion.Lookup) (*yaml.Node, error) {
	content, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	var tree yaml.Node
	if err := yaml.Unmarshal(content, &tree); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if tree.Kind == 0 {
		return nil, nil
	}
	if err := expandNode(&tree, lookup); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &tree, nil
}

// hasVersion tells whether the file is of today's form. Without "apiVersion: 1" Grafana reads it by the rules of its version 4.
func hasVersion(tree *yaml.Node) bool {
	var head struct {
		Version int64 `yaml:"apiVersion"`
	}
	return tree.Decode(&head) == nil && head.Version > 0
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
		if strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml") {
			files = append(files, filepath.Join(folder, name))
		}
	}
	return files, nil
}
