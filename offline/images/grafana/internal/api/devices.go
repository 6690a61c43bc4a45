package api

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const deviceHeader = "X-Grafana-Device-Id"

type device struct {
	DeviceID  string    `json:"deviceId"`
	ClientIP  string    `json:"clientIp"`
	UserAgent string    `json:"userAgent"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// devices keeps what Grafana's table anon_device does: a row for each id that an anonymous visitor's request gives itself,
// of any length and number.
type devices struct {
	mutex sync.Mutex
	rows  map[string]device
}

func (d *devices) tag(request *http.Request) {
	id := request.Header.Get(deviceHeader)
	if id == "" {
		return
	}
	address, _, _ := net.SplitHostPort(request.RemoteAddr)
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.rows == nil {
		d.rows = map[string]device{}
	}
	now := time.Now()
	row, known := d.rows[id]
	if !known {
		row.CreatedAt = now
	}
	row.DeviceID, row.ClientIP, row.UserAgent, row.UpdatedAt = id, address, request.UserAgent(), now
	d.rows[id] = row
}

func (s *Server) listDevices(writer http.ResponseWriter, _ *http.Request) {
	s.devices.mutex.Lock()
	listed := make([]device, 0, len(s.devices.rows))
	for _, row := range s.devices.rows {
		listed = append(listed, row)
	}
	s.devices.mutex.Unlock()
	slices.SortFunc(listed, func(one, other device) int { return strings.Compare(one.DeviceID, other.DeviceID) })
	respond(writer, http.StatusOK, listed)
}
