// Package page holds the browser's side: one HTML file, style sheets and scripts, all embedded.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed static
var files embed.FS

// The page loads nothing from elsewhere and runs no inline script or style.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Index serves the one HTML page for every address; the script looks at the address.
func Index(theme string) http.Handler {
	content, err := files.ReadFile("static/index.html")
	if err != nil {
		panic("the page is not embedded: " + err.Error())
	}
	if theme != "light" {
		theme = "dark"
	}
	text := strings.ReplaceAll(string(content), "__THEME__", theme)
	body := []byte(strings.Replace(text, "</head>", preloads()+"</head>", 1))
	return http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("Content-Type", "text/html; charset=utf-8")
		writer.Header().Set("Content-Security-Policy", policy)
		writer.Header().Set("Cache-Control", "no-store")
		_, _ = writer.Write(body)
	})
}

// preloads lets the browser fetch all scripts at once instead of one level of imports after the other.
func preloads() string {
	var links strings.Builder
	_ = fs.WalkDir(files, "static/js", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			links.WriteString(`<link rel="modulepreload" href="/public/` + strings.TrimPrefix(path, "static/") + "\">\n")
		}
		return err
	})
	return links.String()
}

// version changes with any embedded file.
func version() string {
	sum := sha256.New()
	_ = fs.WalkDir(files, "static", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(path)
		sum.Write(content)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Static serves /public/….
func Static() http.Handler {
	root, err := fs.Sub(files, "static")
	if err != nil {
		panic("the page is not embedded: " + err.Error())
	}
	server := http.StripPrefix("/public/", http.FileServerFS(root))
	tag := `"` + version() + `"`
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if strings.HasSuffix(request.URL.Path, "/") {
			http.NotFound(writer, request) // no folder listings
			return
		}
		// A new image must show at once: the browser asks again, and is told when nothing changed.
		writer.Header().Set("Cache-Control", "no-cache")
		writer.Header().Set("ETag", tag)
		server.ServeHTTP(writer, request)
	})
}
