#!/bin/sh
# ends.sh DIRECTORY: how the programs there end that must: with status 2, and with these lines first.
set -u
directory=$1
failed=0

# ends PROGRAM TEST LINE...
ends() {
    program=$1
    test=$2
    shift 2
    for procs in 1 2 8; do
        status=0
        output=$(GOMAXPROCS=$procs "$directory/$program" "$test" 2>&1 >/dev/null) || status=$?
        expected=$(printf '%s\n' "$@")
        if [ "$status" != 2 ] || [ "${output#"$expected"}" = "$output" ]; then
            echo "$program $test with $procs ended with $status: $output"
            failed=$((failed + 1))
        fi
    done
}
panics() {
    ends "$1" "$2" "panic: $3" '' 'goroutine 1 [running]:'
}
deadlocks() {
    ends "$1" "$2" 'fatal error: all goroutines are asleep - deadlock!' '' "goroutine 1 [$3]:"
}

for test in send_on_closed send_on_closed_buffer try_send_on_closed closed_while_sending; do
    panics chan $test 'send on closed channel'
done
panics chan close_of_closed 'close of closed channel'
panics chan close_of_null 'close of nil channel'
for test in negative_capacity capacity_too_large buffer_too_large; do
    panics chan $test 'makechan: size out of range'
done
panics time no_interval 'non-positive interval for NewTicker'
panics time no_interval_again 'non-positive interval for Ticker.Reset'
panics time stop_of_none 'time: Stop called on uninitialized Timer'
panics time reset_of_none 'time: Reset called on uninitialized Timer'
panics time reset_of_no_ticker 'time: Reset called on uninitialized Ticker'
deadlocks time waits_for_a_stopped_timer 'chan receive'
deadlocks time waits_for_more 'chan receive'
deadlocks time waits_beside_a_ticker 'chan receive'
panics testing within_itself 'rt0::testing::run: the clock is held already'
panics testing waits_outside 'rt0::testing::wait: not in rt0::testing::run'
ends testing one_left 'fatal error: rt0::testing::run: 1 goroutine left behind: 2' '' 'goroutine 1 [running]:' '' \
    'goroutine 2 [sleep]:'
ends testing many_left 'fatal error: rt0::testing::run: 20 goroutines left behind: 2, 3, 4'
deadlocks testing deadlock 'chan receive'
deadlocks testing deadlock_beside_a_ticker 'chan receive'
deadlocks testing deadlock_until_the_end_of_time 'sleep'
deadlocks chan waits_to_receive 'chan receive'
deadlocks chan waits_to_send 'chan send'
deadlocks chan waits_to_receive_from_null 'chan receive (nil chan)'
deadlocks chan waits_to_send_to_null 'chan send (nil chan)'
ends chan waits_for_each_other 'fatal error: all goroutines are asleep - deadlock!' '' \
    'goroutine 1 [chan receive]:' '' 'goroutine 2 [chan send, "other"]:'
ends chan parks_in_move \
    'fatal error: a goroutine has parked in the move of a value that it sends or receives'
ends chan_throws throws_in_move 'panic: uncaught exception of type std::runtime_error: no move'

for test in send_on_closed one_send_on_closed closed_while_sending run_time_send_on_closed; do
    panics select $test 'send on closed channel'
done
panics select too_many_cases 'select: too many cases (max 65536)'
deadlocks select waits 'select'
deadlocks select waits_for_one 'chan receive'
deadlocks select waits_for_none 'select (no cases)'
deadlocks select waits_for_null 'select'
deadlocks select waits_at_run_time 'select'

for test in unlock_of_unlocked unlock_twice; do
    ends sync $test 'fatal error: sync: unlock of unlocked mutex'
done
deadlocks sync lock_twice 'sync.Mutex.Lock'
for test in read_unlock_of_unlocked read_unlock_of_unlocked_often_read read_unlock_of_written; do
    ends sync $test 'fatal error: sync: RUnlock of unlocked RWMutex'
done
for test in write_unlock_of_unlocked write_unlock_of_read; do
    ends sync $test 'fatal error: sync: Unlock of unlocked RWMutex'
done
deadlocks sync write_while_reading 'sync.RWMutex.Lock'
deadlocks sync read_while_writing 'sync.RWMutex.RLock'
deadlocks sync notified_too_late 'sync.Cond.Wait'
deadlocks sync acquires_for_ever 'semacquire'
deadlocks sync once_within_once 'sync.Mutex.Lock'
deadlocks sync waits_for_ever 'sync.WaitGroup.Wait'
deadlocks sync arrives_alone 'semacquire'
panics sync released_too_often 'sync: released more than a semaphore may have'
for test in negative counted_down_too_often; do
    panics sync $test 'sync: negative WaitGroup counter'
done
panics sync arrives_too_often 'sync: more arrived at a barrier than it expects'
panics groups limit_while_active 'errgroup: modify limit while 2 goroutines in the group are still active'
if [ "$("$directory/groups" at_exit)" != "$(printf '%s\n' at_exit local static)" ]; then
    echo "groups at_exit: not in this order"
    failed=$((failed + 1))
fi
exit $failed
