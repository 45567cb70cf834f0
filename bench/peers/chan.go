// The rows of the benchmark of channels and select in Go. As chan_rt0.cpp, line by line.
package main

import (
	"runtime"
	"sync"
)

const (
	capacity     = 128
	mpmcCapacity = 64
	mpmcSides    = 4
	ringSize     = 503
	sievePrimes  = 1000
	sieveLast    = 7919
)

func pingPong() float64 {
	return measure(func(n int) {
		there, back := make(chan int), make(chan int)
		go func() {
			for ball := range there {
				back <- ball + 1
			}
			close(back)
		}()
		for i := 0; i < n; i++ {
			there <- i
			check(<-back == i+1)
		}
		close(there)
		<-back
	})
}

func pingPong1p() float64 {
	runtime.GOMAXPROCS(1)
	return pingPong()
}

func buffered() float64 {
	c := make(chan int, capacity)
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			c <- i
			check(<-c == i)
		}
	})
}

func prodCons() float64 {
	return measure(func(n int) {
		c := make(chan int, capacity)
		go func() {
			for i := 0; i < n; i++ {
				c <- i
			}
			close(c)
		}()
		sum := 0
		for item := range c {
			sum += item
		}
		check(sum == sumBelow(n))
	})
}

func mpmc() float64 {
	return measure(func(n int) {
		c := make(chan int, mpmcCapacity)
		var sums [mpmcSides]int
		var producers, consumers sync.WaitGroup
		producers.Add(mpmcSides)
		consumers.Add(mpmcSides)
		for side := 0; side < mpmcSides; side++ {
			side := side
			go func() {
				defer producers.Done()
				for i := 0; i < n; i++ {
					c <- i
				}
			}()
			go func() {
				defer consumers.Done()
				sum := 0
				for item := range c {
					sum += item
				}
				sums[side] = sum
			}()
		}
		producers.Wait()
		close(c)
		consumers.Wait()
		sum := 0
		for _, part := range sums {
			sum += part
		}
		check(sum == mpmcSides*sumBelow(n))
	}) / mpmcSides
}

// The token says how many hops are left. Who gets a 0 closes what follows, and so do all others.
func ring() float64 {
	return measure(func(n int) {
		var links [ringSize]chan int
		for i := range links {
			links[i] = make(chan int)
		}
		var group sync.WaitGroup
		group.Add(ringSize)
		for i := range links {
			go func(in <-chan int, out chan<- int) {
				defer group.Done()
				for left := range in {
					if left == 0 {
						break
					}
					out <- left - 1
				}
				close(out)
			}(links[i], links[(i+1)%ringSize])
		}
		links[0] <- n
		group.Wait()
	})
}

func numbers(out chan<- int) {
	for i := 2; i <= sieveLast; i++ {
		out <- i
	}
	close(out)
}

func filter(in <-chan int, out chan<- int, prime int) {
	for i := range in {
		if i%prime != 0 {
			out <- i
		}
	}
	close(out)
}

func sieveOnce() {
	in := make(chan int)
	go numbers(in)
	count, last := 0, 0
	for {
		prime, more := <-in
		if !more {
			break
		}
		count, last = count+1, prime
		out := make(chan int)
		go filter(in, out, prime)
		in = out
	}
	check(count == sievePrimes && last == sieveLast)
}

func sieve() float64 {
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			sieveOnce()
		}
	})
}

func skynetOf(out chan<- int, first, leaves int) {
	if leaves == 1 {
		out <- first
		return
	}
	in := make(chan int)
	part := leaves / skynetFanOut
	for i := 0; i < skynetFanOut; i++ {
		go skynetOf(in, first+i*part, part)
	}
	sum := 0
	for i := 0; i < skynetFanOut; i++ {
		sum += <-in
	}
	out <- sum
}

func skynet() float64 {
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			result := make(chan int)
			go skynetOf(result, 0, skynetLeaves)
			check(<-result == sumBelow(skynetLeaves))
		}
	})
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	other := make(chan int)
	go func() { other <- fib(n - 1) }()
	own := fib(n - 2)
	return own + <-other
}

func fib25() float64 {
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			check(fib(fibOf) == fibIs)
		}
	})
}

// Each time one of the two has something.
func selectReady() float64 {
	a, b := make(chan int, 1), make(chan int, 1)
	a <- 0
	return measure(func(n int) {
		for i := 0; i < n; i++ {
			select {
			case item := <-a:
				b <- item
			case item := <-b:
				a <- item
			}
		}
	})
}

// Who gets something waits in a select for it, on both sides.
func selectBlock() float64 {
	return measure(func(n int) {
		there, back, stop := make(chan int), make(chan int), make(chan int)
		go func() {
			for {
				select {
				case ball := <-there:
					back <- ball + 1
				case <-stop:
					return
				}
			}
		}()
		for i := 0; i < n; i++ {
			there <- i
			select {
			case ball := <-back:
				check(ball == i+1)
			case <-stop:
			}
		}
		close(stop)
	}) / 2
}

func main() {
	answer(map[string]func() float64{
		"ping_pong_1p": pingPong1p,
		"ping_pong":    pingPong,
		"buffered":     buffered,
		"prod_cons":    prodCons,
		"mpmc":         mpmc,
		"ring":         ring,
		"sieve":        sieve,
		"skynet":       skynet,
		"fib25":        fib25,
		"select_ready": selectReady,
		"select_block": selectBlock,
	})
}
