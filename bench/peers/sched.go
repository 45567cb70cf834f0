// The rows of the scheduler benchmark in Go: `sched ROW` prints nanoseconds per operation, or
// whatever else the row counts. As sched_rt0.cpp and rows.h, line by line.
package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	burstSize  = 10_000
	largeBurst = 1_000_000
	depth      = 1000
	treeDepth  = 12
	parked     = 100_000
	manyParked = 1_000_000
)

//go:noinline
func deep(n int) int {
	var frame [64]int8
	frame[n%64] = int8(n)
	below := 0
	if n != 0 {
		below = deep(n - 1)
	}
	return below + int(frame[n%64])
}

// Not inlined, so that the compiler keeps the loop for a result that nobody reads.
//
//go:noinline
func leaf() uint64 {
	x := uint64(1)
	for i := 0; i < 17_000; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

func yield1p() float64 {
	runtime.GOMAXPROCS(1)
	return measure(func(n int) {
		var group sync.WaitGroup
		for i := 0; i < 2; i++ {
			group.Add(1)
			go func() {
				for turn := 0; turn < n; turn++ {
					runtime.Gosched()
				}
				group.Done()
			}()
		}
		group.Wait()
	}) / 2
}

func spawnJoin() float64 {
	return measure(func(n int) {
		var group sync.WaitGroup
		for i := 0; i < n; i++ {
			group.Add(1)
			go func() { group.Done() }()
			group.Wait()
		}
	})
}

func spawnJoin1p() float64 {
	runtime.GOMAXPROCS(1)
	return spawnJoin()
}

func spawnAll(count int) {
	var group sync.WaitGroup
	for i := 0; i < count; i++ {
		group.Add(1)
		go func() { group.Done() }()
	}
	group.Wait()
}

func burst() float64 {
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			spawnAll(burstSize)
		}
	}) / burstSize
}

func burst1m() float64 {
	return once(func() { spawnAll(largeBurst) }) / largeBurst
}

func skynetOf(first, leaves int64) int64 {
	if leaves == 1 {
		return first
	}
	var sum int64
	var group sync.WaitGroup
	part := leaves / skynetFanOut
	for i := int64(0); i < skynetFanOut; i++ {
		from := first + i*part
		group.Add(1)
		go func() {
			atomic.AddInt64(&sum, skynetOf(from, part))
			group.Done()
		}()
	}
	group.Wait()
	return sum
}

func skynet() float64 {
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			skynetOf(0, skynetLeaves)
		}
	})
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	var other int
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		other = fib(n - 1)
		group.Done()
	}()
	own := fib(n - 2)
	group.Wait()
	return own + other
}

func fib25() float64 {
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			fib(fibOf)
		}
	})
}

func deep1000() float64 {
	return measure(func(n int) {
		var group sync.WaitGroup
		for i := 0; i < n; i++ {
			group.Add(1)
			go func() {
				deep(depth)
				group.Done()
			}()
			group.Wait()
		}
	})
}

func resident() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(status, []byte("VmRSS:"))
	var kib float64
	fmt.Sscan(string(after), &kib)
	return kib * 1024
}

func rssOf(count int) float64 {
	var gate sync.WaitGroup
	var there int64
	before := resident()
	gate.Add(1)
	for i := 0; i < count; i++ {
		go func() {
			atomic.AddInt64(&there, 1)
			gate.Wait()
		}()
	}
	for atomic.LoadInt64(&there) < int64(count) {
		runtime.Gosched()
	}
	return (resident() - before) / float64(count)
}

func rss() float64 {
	return rssOf(parked)
}

func rss1m() float64 {
	return rssOf(manyParked)
}

func tree(depth int) {
	if depth == 0 {
		leaf()
		return
	}
	var group sync.WaitGroup
	for i := 0; i < 2; i++ {
		group.Add(1)
		go func() {
			tree(depth - 1)
			group.Done()
		}()
	}
	group.Wait()
}

func speedup() float64 {
	run := func() { tree(treeDepth) }
	run()
	all := runtime.GOMAXPROCS(1)
	alone := once(run)
	runtime.GOMAXPROCS(all)
	return alone / once(run)
}

func main() {
	answer(map[string]func() float64{
		"yield_1p":      yield1p,
		"spawn_join_1p": spawnJoin1p,
		"spawn_join":    spawnJoin,
		"burst":         burst,
		"burst_1m":      burst1m,
		"skynet":        skynet,
		"fib25":         fib25,
		"deep_1000":     deep1000,
		"rss":           rss,
		"rss_1m":        rss1m,
		"speedup":       speedup,
	})
}
