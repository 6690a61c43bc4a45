package provision

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
)

func providersFrom(t *testing.T, files map[string]string) ([]Provider, error) {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		write(t, filepath.Join(root, "dashboards", name), content)
	}
	return Providers(root, environment, slog.New(slog.NewTextHandler(&bytes.Buffer{}, nil)))
}

func TestFilesThatGrafanaTakesAreTaken(t *testing.T) {
	providers, err := providersFrom(t, map[string]string{
		"a.yml":        "# nothing but a comment\n",
		"b.yaml":       "\xef\xbb\xbfapiVersion: 1\nproviders: [{name: mark, options: {path: /a}}]\n",
		"c.yml":        "apiVersion: 1\nproviders: [{name: first, options: {path: /b}}]\n---\napiVersion: 1\nproviders: [{name: second}]\n",
		"d.yml":        "- {name: old, options: {folder: /c}}\n",
		"e.yml":        "apiVersion: 1\n",
		"f.yml.backup": "not read: {",
	})
	var names []string
	for _, provider := range providers {
		names = append(names, provider.Name+" "+provider.Options.Path)
	}
	if wanted := "mark /a, first /b, old /c"; err != nil || strings.Join(names, ", ") != wanted {
		t.Errorf("got %v, %v", names, err)
	}
}

func TestFilesThatEndGrafanaEndTheStandIn(t *testing.T) {
	for content, said := range map[string]string{
		"apiVersion: 1\nproviders: [{name: a, options: {path: 5}}]":                                                            "path param is not a string",
		"apiVersion: 1\nproviders: [{name: a}]":                                                                                "path param is not a string",
		"apiVersion: 1\nproviders: [{name: a, type: git, options: {path: /a}}]":                                                "type git is not supported",
		"apiVersion: 1\nproviders: [{name: a, orgId: 2, options: {path: /a}}]":                                                 "organization 2",
		"providers: [{name: a, options: {path: /a}}]":                                                                          "cannot unmarshal",
		"apiVersion: 1\nproviders: [":                                                                                          "a.yml",
		"apiVersion: 1\nproviders: [{name: a, folder: F, folderUid: f, options: {path: /a, foldersFromFilesStructure: true}}]": "should be empty",
	} {
		if _, err := providersFrom(t, map[string]string{"a.yml": content}); err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("%q: got %v", content, err)
		}
	}
}
