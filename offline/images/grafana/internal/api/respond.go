package api

import (
	"context"
	"encoding/json"
	"net/http"

	"pgai.example/standins/grafana/internal/access"
)

type identityKey struct{}

func withIdentity(ctx context.Context, who *access.Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, who)
}

func identity(ctx context.Context) *access.Identity {
	who, _ := ctx.Value(identityKey{}).(*access.Identity)
	if who == nil {
		return &access.Identity{Anonymous: true}
	}
	return who
}

func respond(writer http.ResponseWriter, status int, body any) {
	content, err := json.Marshal(body)
	if err != nil {
		http.Error(writer, `{"message":"The answer cannot be written as JSON."}`, http.StatusInternalServerError)
		return
	}
	writer.Header().Set("Content-Type", "application/json; charset=UTF-8")
	writer.Header().Set("Cache-Control", "no-store")
	writer.WriteHeader(status)
	_, _ = writer.Write(content)
}

func message(writer http.ResponseWriter, status int, text string) {
	respond(writer, status, map[string]any{"message": text, "traceID": ""})
}

// fault is Grafana's newer form of an error.
func fault(writer http.ResponseWriter, status int, id, text string) {
	respond(writer, status, map[string]any{"message": text, "messageId": id, "statusCode": status, "traceID": ""})
}

func unauthorized(writer http.ResponseWriter) {
	respond(writer, http.StatusUnauthorized, map[string]any{
		"extra": nil, "message": "Unauthorized", "messageId": "auth.unauthorized", "statusCode": http.StatusUnauthorized, "traceID": "",
	})
}

func badCredentials(writer http.ResponseWriter) {
	fault(writer, http.StatusUnauthorized, "password-auth.failed", "Invalid username or password")
}

func denied(writer http.ResponseWriter, request *http.Request) {
	respond(writer, http.StatusForbidden, map[string]any{
		"accessErrorId": "ACE0000000000", "title": "Access denied",
		"message": "You'll need additional permissions to perform this action (" + request.Method + " " + request.URL.Path + ").",
	})
}
