// Package ecs stands where Traefik's provider for Amazon ECS is, which no base configures.
//
// Its client of EC2 alone is a package of 13 MB, which keeps one processor for a minute and a half.
package ecs

import (
	"errors"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/safe"
)

var errLeftOut = errors.New("the provider for Amazon ECS is left out of this build of Traefik")

// Provider refuses to be configured.
type Provider struct{}

// Init says that the provider is left out.
func (*Provider) Init() error { return errLeftOut }

// Provide says that the provider is left out.
func (*Provider) Provide(chan<- dynamic.Message, *safe.Pool) error { return errLeftOut }
