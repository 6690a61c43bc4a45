// Package access decides who a request comes from and what it may do.
package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"sync"
	"time"

	"pgai.example/standins/grafana/internal/settings"
)

// CookieName is the session cookie of Grafana.
const CookieName = "grafana_session"

// SessionLife is Grafana's longest life of a session.
const SessionLife = 30 * 24 * time.Hour

// Identity is who asks. The stand-in knows one user, the administrator, and anonymous visitors.
type Identity struct {
	Login     string
	Role      string
	Anonymous bool
}

// Level is what a route asks for.
type Level int

// The levels, each including the ones before it.
const (
	Public Level = iota
	Viewer
	SignedIn
	Admin
)

// Decision is the outcome for one request.
type Decision int

// Allowed, or the two refusals of HTTP: 401 (who are you?) and 403 (you may not).
const (
	Allowed Decision = iota
	Unauthenticated
	Forbidden
)

// Decide compares an identity (nil: nobody) with what a route asks for.
func Decide(who *Identity, need Level) Decision {
	switch {
	case need == Public:
		return Allowed
	case who == nil:
		return Unauthenticated
	case need == Viewer:
		return Allowed
	case need == SignedIn && who.Anonymous:
		return Unauthenticated // Grafana answers 401, not 403, where an anonymous visitor has no user.
	case need == Admin && who.Role != "Admin":
		return Forbidden
	}
	return Allowed
}

// Guard checks passwords and sessions.
type Guard struct {
	settings settings.Settings
	mutex    sync.Mutex
	sessions map[string]time.Time // hash of the token -> end
	now      func() time.Time
}

// NewGuard makes a guard without sessions.
func NewGuard(values settings.Settings) *Guard {
	return &Guard{settings: values, sessions: map[string]time.Time{}, now: time.Now}
}

// Identify finds who asks. wrong is true when credentials were given and do not fit: that is an error even where anonymous
// visitors are welcome.
func (g *Guard) Identify(request *http.Request) (who *Identity, wrong bool) {
	if user, password, given := request.BasicAuth(); given {
		if !g.PasswordFits(user, password) {
			return nil, true
		}
		return g.admin(), false
	}
	if cookie, err := request.Cookie(CookieName); err == nil && g.alive(cookie.Value) {
		return g.admin(), false
	}
	if g.settings.AnonymousOn {
		return &Identity{Role: g.settings.AnonymousRole, Anonymous: true}, false
	}
	return nil, false
}

func (g *Guard) admin() *Identity { return &Identity{Login: g.settings.AdminUser, Role: "Admin"} }

// PasswordFits compares in constant time.
func (g *Guard) PasswordFits(user, password string) bool {
	userSum, wantedUser := sha256.Sum256([]byte(user)), sha256.Sum256([]byte(g.settings.AdminUser))
	sum, wanted := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(g.settings.AdminPassword))
	return subtle.ConstantTimeCompare(userSum[:], wantedUser[:])&subtle.ConstantTimeCompare(sum[:], wanted[:]) == 1
}

// Begin starts a session and returns its cookie.
func (g *Guard) Begin() *http.Cookie {
	token := rand.Text()
	g.mutex.Lock()
	defer g.mutex.Unlock()
	for key, end := range g.sessions {
		if g.now().After(end) {
			delete(g.sessions, key)
		}
	}
	g.sessions[digest(token)] = g.now().Add(SessionLife)
	return g.cookie(token, int(SessionLife.Seconds()))
}

// End forgets the request's session and returns the cookie that clears it in the browser.
func (g *Guard) End(request *http.Request) *http.Cookie {
	if cookie, err := request.Cookie(CookieName); err == nil {
		g.mutex.Lock()
		delete(g.sessions, digest(cookie.Value))
		g.mutex.Unlock()
	}
	return g.cookie("", -1)
}

func (g *Guard) cookie(value string, age int) *http.Cookie {
	return &http.Cookie{
		Name: CookieName, Value: value, Path: "/", MaxAge: age, HttpOnly: true,
		Secure: g.settings.CookieSecure, SameSite: http.SameSiteLaxMode,
	}
}

func (g *Guard) alive(token string) bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	end, found := g.sessions[digest(token)]
	return found && g.now().Before(end)
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// ForeignOrigin tells whether a changing request with a session comes from another site's page.
func ForeignOrigin(request *http.Request) bool {
	origin := request.Header.Get("Origin")
	if origin == "" || request.Method == http.MethodGet || request.Method == http.MethodHead {
		return false
	}
	parsed, err := url.Parse(origin)
	return err != nil || parsed.Host != request.Host
}
