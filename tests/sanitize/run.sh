#!/bin/sh
# run.sh PROGRAM ARGUMENT...: without random addresses, where the kernel lets us.
if setarch --addr-no-randomize true 2>/dev/null; then
    exec setarch --addr-no-randomize "$@"
fi
exec "$@"
