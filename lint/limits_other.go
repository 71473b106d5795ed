//go:build !linux

package main

import "time"

var began = time.Now()

// cpuTime returns the time since the start of this process, which is at least the CPU time of one of its threads.
func cpuTime() time.Duration { return time.Since(began) }

// limitData does nothing: other systems do not limit the memory that a process allocates.
func limitData(uint64) {}
