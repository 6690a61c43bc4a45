// Package weight makes the stand-in need what Grafana needs at its start, so that limits and deadlines can be tested.
package weight

import (
	"fmt"
	"syscall"
)

const mebibyte = 1 << 20

// held keeps the memory for as long as the program runs.
var held []byte

// Carry works for cpuSeconds of processor time and takes mebibytes of memory, which it keeps. The memory is none of Go's, so
// that GOMEMLIMIT does not count it.
func Carry(cpuSeconds float64, mebibytes int) error {
	if mebibytes > 0 {
		memory, err := syscall.Mmap(-1, 0, mebibytes*mebibyte, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			return fmt.Errorf("%d MiB cannot be had: %w", mebibytes, err)
		}
		for at := 0; at < len(memory); at += syscall.Getpagesize() {
			memory[at] = 1
		}
		held = memory
	}
	for end := used() + cpuSeconds; used() < end; {
		work()
	}
	return nil
}

func work() {
	sum := uint64(1)
	for range 1_000_000 {
		sum = sum*6364136223846793005 + 1442695040888963407
	}
	sink = sum
}

var sink uint64

// used is the processor time of this process so far, in seconds.
func used() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	seconds := func(value syscall.Timeval) float64 { return float64(value.Sec) + float64(value.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}
