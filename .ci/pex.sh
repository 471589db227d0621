#!/bin/sh
# Makes the one file that runs where there is no pip: pex.sh TOOLS WHEEL PEX
#
# TOOLS is the environment with pip and pex, WHEEL our own wheel, PEX the file to make.
# PYTHONS and MACHINES say what it is to run on. Every foreign wheel is one of
# requirements.lock: pip checks its hash, and pex is given these files and no index.
set -eu

tools=$1 wheel=$2 target=$3
: "${PYTHONS:=3.11 3.12 3.13}" "${MACHINES:=x86_64 aarch64}"

wheels=$(mktemp -d) targets=$(mktemp -d)
trap 'rm -rf "$wheels" "$targets"' EXIT
cp "$wheel" "$wheels"

# glibc 2.28 or newer: every Linux with one of these Pythons, Alpine excepted.
platforms=
for python in $PYTHONS; do
    abi=cp$(echo "$python" | tr -d .)
    for machine in $MACHINES; do
        "$tools/bin/python" -m pip download --quiet --disable-pip-version-check \
            --require-hashes --no-deps --only-binary :all: \
            --implementation cp --python-version "$python" \
            --abi "$abi" --abi abi3 --abi none \
            --platform "manylinux2014_$machine" --platform "manylinux_2_17_$machine" \
            --platform "manylinux_2_24_$machine" --platform "manylinux_2_28_$machine" \
            --requirement requirements.lock --dest "$wheels"
        target_file=$targets/$python-$machine.json
        "$tools/bin/python" .ci/pex_target.py "$python" "$machine" >"$target_file"
        platforms="$platforms --complete-platform $target_file"
    done
done

# --venv: the children that "shipper demo" and "shipper backfill" start find the
# packages. --include-tools: PEX_TOOLS=1 unpacks it into an ordinary environment.
# shellcheck disable=SC2086  # one word for each platform
"$tools/bin/pex" 'hartail[shipper,zstd]' --pre-resolved-dists "$wheels" $platforms \
    --disable-cache --venv prepend --include-tools \
    --python-shebang '#!/usr/bin/env python3' \
    --console-script shipper --output-file "$target"
