// Package kubernetes stands where the driver is with which buildx builds images in a Kubernetes cluster, which nothing
// here does. Without it a tenth of what set-up compiles falls away: the clients of Kubernetes.
//
// It registers no driver, so buildx does not know the name.
package kubernetes
