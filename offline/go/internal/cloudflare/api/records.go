package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// Settings are a record's settings.
type Settings struct {
	FlattenCname *bool `json:"flatten_cname,omitempty"`
	Ipv4Only     *bool `json:"ipv4_only,omitempty"`
	Ipv6Only     *bool `json:"ipv6_only,omitempty"`
}

// Wanted is a record as a program wants it.
type Wanted struct {
	Name           string    `json:"name"`
	Type           string    `json:"type"`
	Content        string    `json:"content"`
	TTL            float64   `json:"ttl"`
	Proxied        bool      `json:"proxied"`
	Comment        *string   `json:"comment,omitempty"`
	Priority       *float64  `json:"priority,omitempty"`
	PrivateRouting *bool     `json:"private_routing,omitempty"`
	Tags           []string  `json:"tags,omitempty"`
	Settings       *Settings `json:"settings,omitempty"`
}

// Record is a record as it is.
type Record struct {
	ID                string          `json:"id"`
	Name              string          `json:"name"`
	Type              string          `json:"type"`
	Content           string          `json:"content"`
	TTL               float64         `json:"ttl"`
	Proxied           bool            `json:"proxied"`
	Proxiable         bool            `json:"proxiable"`
	Comment           *string         `json:"comment"`
	Priority          *float64        `json:"priority"`
	PrivateRouting    *bool           `json:"private_routing"`
	Tags              []string        `json:"tags"`
	Settings          Settings        `json:"settings"`
	Meta              json.RawMessage `json:"meta"`
	CreatedOn         string          `json:"created_on"`
	ModifiedOn        string          `json:"modified_on"`
	CommentModifiedOn *string         `json:"comment_modified_on"`
	TagsModifiedOn    *string         `json:"tags_modified_on"`
}

func path(zone string, record ...string) string {
	whole := "/zones/" + url.PathEscape(zone) + "/dns_records"
	for _, part := range record {
		whole += "/" + url.PathEscape(part)
	}
	return whole
}

// Create makes a record.
func (c *Client) Create(ctx context.Context, zone string, wanted Wanted) (Record, error) {
	var made Record
	purpose := "create the DNS record " + wanted.Name
	err := c.send(ctx, request{purpose, http.MethodPost, path(zone), wanted}, &made)
	return made, err
}

// Read gets a record.
func (c *Client) Read(ctx context.Context, zone, id, name string) (Record, error) {
	var found Record
	err := c.send(ctx, request{"read the DNS record " + name, http.MethodGet, path(zone, id), nil}, &found)
	return found, err
}

// Update makes a record what is wanted, in everything.
func (c *Client) Update(ctx context.Context, zone, id string, wanted Wanted) (Record, error) {
	var made Record
	err := c.send(ctx, request{"update the DNS record " + wanted.Name, http.MethodPut, path(zone, id), wanted}, &made)
	return made, err
}

// Delete deletes a record. One that does not exist is an error, as with the original.
func (c *Client) Delete(ctx context.Context, zone, id, name string) error {
	return c.send(ctx, request{"delete the DNS record " + name, http.MethodDelete, path(zone, id), nil}, nil)
}
