// What the Go programs that `compare` runs have in common. As rows.h, line by line.
package main

import (
	"fmt"
	"os"
	"time"
)

const noSuchRow = 99

const (
	skynetLeaves = 1_000_000
	skynetFanOut = 10
	fibOf        = 25
	fibIs        = 75_025
)

func once(work func()) float64 {
	start := time.Now()
	work()
	return float64(time.Since(start).Nanoseconds())
}

func measure(work func(n int)) float64 {
	const enough = 80e6
	work(1)
	for n := 1; ; {
		took := once(func() { work(n) })
		if took >= enough {
			return took / float64(n)
		}
		factor := 1.5 * enough / took
		if factor > 10 {
			factor = 10
		}
		n = int(float64(n)*factor) + 1
	}
}

func check(right bool) {
	if !right {
		panic("a wrong result")
	}
}

func sumBelow(n int) int {
	return n * (n - 1) / 2
}

func answer(rows map[string]func() float64) {
	if len(os.Args) != 2 || rows[os.Args[1]] == nil {
		os.Exit(noSuchRow)
	}
	fmt.Println(rows[os.Args[1]]())
}
