// The rows of the benchmark of locks in Go. As sync_rt0.cpp, line by line.
package main

import (
	"runtime"
	"sync"
)

const lockersPerP = 8

// Where the compiler cannot know that nobody else uses them.
var (
	mutex   sync.Mutex
	rwMutex sync.RWMutex
)

func alone() float64 {
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			mutex.Lock()
			mutex.Unlock()
		}
	})
}

func contended() float64 {
	goroutines := lockersPerP * runtime.GOMAXPROCS(0)
	return measure(func(n int) {
		count := 0
		var group sync.WaitGroup
		group.Add(goroutines)
		for i := 0; i < goroutines; i++ {
			go func() {
				defer group.Done()
				for turn := 0; turn < n; turn++ {
					mutex.Lock()
					count++
					mutex.Unlock()
				}
			}()
		}
		group.Wait()
		check(count == n*goroutines)
	}) / float64(goroutines)
}

func readLock() float64 {
	goroutines := runtime.GOMAXPROCS(0)
	return measure(func(n int) {
		var group sync.WaitGroup
		group.Add(goroutines)
		for i := 0; i < goroutines; i++ {
			go func() {
				defer group.Done()
				for turn := 0; turn < n; turn++ {
					rwMutex.RLock()
					rwMutex.RUnlock()
				}
			}()
		}
		group.Wait()
	}) / float64(goroutines)
}

func main() {
	answer(map[string]func() float64{
		"mutex":     alone,
		"contended": contended,
		"read_lock": readLock,
	})
}
