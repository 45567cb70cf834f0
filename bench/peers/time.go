// The rows of the benchmark of timers in Go. As time_rt0.cpp, line by line.
package main

import (
	"context"
	"sort"
	"sync"
	"syscall"
	"time"
)

const (
	shortSleeps = 2000
	sleeping    = 1_000_000
	tickers     = 10_000
	ticksEach   = 100
)

func sleepOf(i uint64) time.Duration {
	return time.Duration((i * 0x9e3779b97f4a7c15 >> 34) * 10_000_000_000 >> 30)
}

// Of the whole process.
func cpuTime() float64 {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return float64(used.Utime.Nano() + used.Stime.Nano())
}

func at(values []int64, part float64) float64 {
	sort.Slice(values, func(i, j int) bool { return values[i] < values[j] })
	return float64(values[int(float64(len(values)-1)*part)])
}

func late() float64 {
	var by []int64
	for i := 0; i < shortSleeps; i++ {
		start := time.Now()
		time.Sleep(50 * time.Microsecond)
		by = append(by, int64(time.Since(start)-50*time.Microsecond))
	}
	return at(by, 0.5)
}

func startStop() float64 {
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			time.NewTimer(time.Second).Stop()
		}
	})
}

func callStop() float64 {
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			time.AfterFunc(time.Hour, func() {}).Stop()
		}
	})
}

func reset() float64 {
	t := time.NewTimer(time.Hour)
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			t.Reset(time.Hour)
		}
	})
}

func sleep1ns() float64 {
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			time.Sleep(1)
		}
	})
}

func sleepers() float64 {
	before := cpuTime()
	var all sync.WaitGroup
	for i := uint64(0); i < sleeping; i++ {
		all.Add(1)
		go func(i uint64) {
			defer all.Done()
			time.Sleep(sleepOf(i))
		}(i)
	}
	all.Wait()
	return cpuTime() - before
}

// What is written down takes time, too: it is asked for the lateness or for the processor time.
func tickAll(written bool) (float64, float64) {
	before := cpuTime()
	var by []int64
	var lock sync.Mutex
	var all sync.WaitGroup
	for i := 0; i < tickers; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			// All over the interval.
			time.Sleep(time.Duration(i%10_000) * time.Microsecond)
			due := time.Now()
			ticks := time.NewTicker(10 * time.Millisecond)
			defer ticks.Stop()
			var own []int64
			for n := 0; n < ticksEach; n++ {
				<-ticks.C
				due = due.Add(10 * time.Millisecond)
				if written {
					own = append(own, int64(time.Since(due)))
				}
			}
			lock.Lock()
			by = append(by, own...)
			lock.Unlock()
		}(i)
	}
	all.Wait()
	cpu := cpuTime() - before
	if !written {
		return cpu, 0
	}
	return cpu, at(by, 0.999)
}

var seen time.Time

func now() float64 {
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			seen = time.Now()
		}
	})
}

func cancel() float64 {
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			_, cancel := context.WithCancel(context.Background())
			cancel()
		}
	})
}

func cancelChildren() float64 {
	return measure(func(n int) {
		var children [100]context.CancelFunc
		for i := 0; i < n; i++ {
			ctx, cancel := context.WithCancel(context.Background())
			for c := range children {
				_, children[c] = context.WithCancel(ctx)
			}
			cancel()
		}
	})
}

func main() {
	answer(map[string]func() float64{
		"late":       late,
		"start_stop": startStop,
		"call_stop":  callStop,
		"reset":      reset,
		"sleep_1ns":  sleep1ns,
		"sleepers":   sleepers,
		"tickers":    func() float64 { cpu, _ := tickAll(false); return cpu },
		"ticks_late": func() float64 { _, late := tickAll(true); return late },
		"now":        now,
		"context":    cancel,
		"contexts":   cancelChildren,
	})
}
