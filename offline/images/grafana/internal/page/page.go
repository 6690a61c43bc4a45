// Package page holds the browser's side: one HTML file, style sheets and scripts, all embedded.
package page

import (
	"embed"
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
	body := []byte(strings.ReplaceAll(string(content), "__THEME__", theme))
	return http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("Content-Type", "text/html; charset=utf-8")
		writer.Header().Set("Content-Security-Policy", policy)
		writer.Header().Set("Cache-Control", "no-store")
		_, _ = writer.Write(body)
	})
}

// Static serves /public/….
func Static() http.Handler {
	root, err := fs.Sub(files, "static")
	if err != nil {
		panic("the page is not embedded: " + err.Error())
	}
	server := http.StripPrefix("/public/", http.FileServerFS(root))
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if strings.HasSuffix(request.URL.Path, "/") {
			http.NotFound(writer, request) // no folder listings
			return
		}
		// A new image must show at once: the browser asks again, the files are small.
		writer.Header().Set("Cache-Control", "no-cache")
		server.ServeHTTP(writer, request)
	})
}
