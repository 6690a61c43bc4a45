package api

import "strings"

// SameName tells whether a name in a program means a record's full name: it may
// leave the zone's name out, which the API adds, and @ is the zone itself.
func SameName(given, full string) bool {
	given, full = strings.ToLower(strings.TrimSuffix(given, ".")), strings.ToLower(full)
	return given == full || given == "@" || strings.HasPrefix(full, given+".")
}
