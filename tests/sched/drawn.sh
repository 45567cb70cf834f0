#!/bin/sh
# drawn.sh PROGRAM: GODEBUG=randsched: the same seed is the same schedule, another one another.
set -u
program=$1
failed=0

complain() {
    echo "$1"
    failed=$((failed + 1))
}

# with SEED WHAT
with() {
    GODEBUG=randsched=$1 "$program" "$2" || echo "seed $1: $2 ended with $?"
}

# A machine that holds the process up for 100 ms may make one differ.
all=
others=
for seed in 1 2 3 4 5 6 7 8 9 10; do
    once=$(with $seed order)
    for again in 1 2 3; do
        [ "$(with $seed order)" = "$once" ] || others="$others $seed/$again"
    done
    all="$all$once
"
done
[ "$(echo "$others" | wc -w)" -le 1 ] || complain "seeds and tries with another order:$others"
different=$(printf %s "$all" | sort -u | wc -l)
[ "$different" = 10 ] || complain "10 seeds have $different orders: $all"

# An update is lost with some seeds, and with these each time.
lost=
for seed in $(seq 200); do
    [ "$(with "$seed" race)" = 0 ] || lost="$lost $seed"
done
number=$(echo "$lost" | wc -w)
if [ "$number" -lt 2 ] || [ "$number" -gt 190 ]; then
    complain "of 200 seeds $number lose an update"
fi
for seed in $lost; do
    [ "$(with "$seed" race)" = 1 ] || complain "seed $seed loses an update, and then does not"
done

many=$(with 1 many)
again=$(with 1 many)
if [ "$many" = 0 ] || [ "$many" != "$again" ]; then
    complain "of 700 are lost $many, then $again"
fi

said=$(with 1 loops)
[ -z "$said" ] || complain "$said"
echo "$number of 200 seeds lose an update"
exit $failed
