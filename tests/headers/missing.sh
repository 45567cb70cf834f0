#!/bin/sh
# missing.sh COMPILER OPTIMISATION SOURCE DIRECTORY LIBRARY: what rt0 has not got does not link, and among the first
# names that the linker prints is the comment behind the #if.
set -eu
compiler=$1
optimisation=$2
source=$3
library=$5
mkdir -p "$4"
cd "$4"
sed -n 's|^#.*MISSING == \([0-9]*\) // \(.*\)|\1 \2|p' "$source" >list
[ "$(wc -l <list)" -ge 14 ]
failed=0
while read -r number message; do
    if "$compiler" -std=c++23 "$optimisation" -ffunction-sections -fdata-sections -fno-exceptions -fno-rtti \
        "-DMISSING=$number" "$source" -nostdlib -static -Wl,-e,_rt0_amd64_linux -Wl,--gc-sections \
        -Wl,--start-group "$library" -lstdc++ -lgcc -lgcc_eh -Wl,--end-group -o missing 2>errors; then
        echo "MISSING=$number $optimisation links"
        failed=1
    fi
    first=$(grep -o 'undefined reference to .*' errors | head -n 3)
    case $first in
    *"$message"*) ;;
    *)
        echo "MISSING=$number $optimisation: instead of $message:"
        head -n 5 errors
        failed=1
        ;;
    esac
done <list
exit $failed
