package access

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"pgai.example/standins/grafana/internal/settings"
)

func TestDecide(t *testing.T) {
	viewer, admin := &Identity{Role: "Viewer", Anonymous: true}, &Identity{Role: "Admin", Login: "admin"}
	for name, test := range map[string]struct {
		who    *Identity
		need   Level
		wanted Decision
	}{
		"nobody sees public pages":            {nil, Public, Allowed},
		"nobody sees nothing else":            {nil, Viewer, Unauthenticated},
		"a visitor reads":                     {viewer, Viewer, Allowed},
		"a visitor has no user":               {viewer, SignedIn, Unauthenticated},
		"a visitor is no administrator":       {viewer, Admin, Forbidden},
		"the administrator may do everything": {admin, Admin, Allowed},
	} {
		if got := Decide(test.who, test.need); got != test.wanted {
			t.Errorf("%s: got %d", name, got)
		}
	}
}

func TestIdentify(t *testing.T) {
	guard := NewGuard(settings.Settings{AdminUser: "admin", AdminPassword: "right", AnonymousOn: true, AnonymousRole: "Viewer"})
	request := func(change func(*http.Request)) *http.Request {
		made := httptest.NewRequest(http.MethodGet, "/api/user", nil)
		change(made)
		return made
	}
	if who, wrong := guard.Identify(request(func(*http.Request) {})); wrong || !who.Anonymous || who.Role != "Viewer" {
		t.Errorf("a visitor: got %+v", who)
	}
	if _, wrong := guard.Identify(request(func(r *http.Request) { r.SetBasicAuth("admin", "wrong") })); !wrong {
		t.Error("a wrong password is treated as a visitor")
	}
	cookie := guard.Begin()
	withCookie := request(func(r *http.Request) { r.AddCookie(cookie) })
	if who, _ := guard.Identify(withCookie); who.Role != "Admin" {
		t.Errorf("a session: got %+v", who)
	}
	guard.now = func() time.Time { return time.Now().Add(SessionLife + time.Minute) }
	if who, _ := guard.Identify(withCookie); !who.Anonymous {
		t.Error("an old session is still good")
	}
	guard.now = time.Now
	guard.End(withCookie)
	if who, _ := guard.Identify(withCookie); !who.Anonymous {
		t.Error("a session survives logging out")
	}
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
		t.Error("the cookie is not protected")
	}
}

func TestForeignOrigin(t *testing.T) {
	request := httptest.NewRequest(http.MethodPost, "http://grafana.test/login", nil)
	for origin, wanted := range map[string]bool{"": false, "http://grafana.test": false, "https://evil.test": true, "null": true} {
		request.Header.Set("Origin", origin)
		if got := ForeignOrigin(request); got != wanted {
			t.Errorf("%q: got %t", origin, got)
		}
	}
}
