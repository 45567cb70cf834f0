#!/bin/sh
# examples.sh DIRECTORY: what the examples with goroutines print.
set -eu
cd "$1"
[ "$(./parallel_sum)" = "1 + ... + 40000000 = 800000020000000" ]
[ "$(GOMAXPROCS=3 ./parallel_sum)" = "1 + ... + 40000000 = 800000020000000" ]
[ "$(./million 100000 2>/dev/null)" = 100000 ]
[ "$({ echo some; sleep 0.2; echo input; } | ./blocking_read 2>/dev/null)" = "11 bytes" ]
[ "$(printf 'some input' | GOMAXPROCS=1 ./blocking_read 2>/dev/null)" = "10 bytes" ]
[ "$(./ping_pong)" = "1000000 times, then closed" ]
[ "$(./sieve)" = "1007 primes below 8000, the last is 7993" ]
[ "$(./pipeline | tr '\n' ' ')" = " 1: 1  2: 3  3: 9  4: 2  5: 5  6: 1  9: 1 " ]
[ "$(./worker_pool)" = "10000 jobs, 261 steps at most" ]
[ "$(GOMAXPROCS=1 ./worker_pool)" = "10000 jobs, 261 steps at most" ]
for procs in 1 2; do
    [ "$(GOMAXPROCS=$procs ./timeout | tr '\n' ' ')" = "the answer is 42 no answer in time the answer is 42 " ]
    [ "$(GOMAXPROCS=$procs ./rate_limiter)" = "25 requests, not too fast" ]
    [ "$(GOMAXPROCS=$procs ./heartbeat)" = "alive until beat 5, then silent" ]
done
for procs in 1 2 8; do
    [ "$(GOMAXPROCS=$procs ./dining_philosophers)" = "5 philosophers have eaten 5000 times" ]
done
