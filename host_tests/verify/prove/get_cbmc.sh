#!/usr/bin/env bash
# Fetches CBMC from Debian's suite trixie into build/cbmc and prints the command that starts it.
#
# Its programs need a newer C library than Debian 12 has, so they come with their libraries and are started by the loader
# among these; nothing is installed. A CBMC 6 that is installed is taken as it is.
set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
build=$root/build/cbmc
suite=trixie
packages=(cbmc minisat libc6 libstdc++6 libgcc-s1 zlib1g)
say() { printf 'cbmc: %s\n' "$*" >&2; }

start() {
    local lib=$build/root/usr/lib/x86_64-linux-gnu
    echo "$lib/ld-linux-x86-64.so.2 --library-path $lib:$build/root/usr/lib $build/root/usr/bin/cbmc"
}

if command -v cbmc >/dev/null && [[ $(cbmc --version) == 6.* ]]; then
    command -v cbmc
    exit
fi
if [ -e "$build/.complete" ]; then
    start
    exit
fi
if ! command -v apt-get >/dev/null || [ "$(dpkg --print-architecture)" != amd64 ]; then
    say "no CBMC 6 here, and no Debian on x86-64 to fetch it for; install cbmc 6"
    exit 1
fi
archive=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    grep -oE "[a-z]+://[^ ]+/debian/?( |$)" | head -n 1 | tr -d " " || true)
[ -n "$archive" ] || { say "no Debian archive in the apt sources of this machine"; exit 1; }
state=$build/apt
rm -rf "$build"
mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$build/root"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $suite main" >"$state/sources.list"
options=(-q -o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state/cache" -o Dir::State::status=/dev/null
    -o APT::Sandbox::User= -o Debug::NoLocking=1 -o Acquire::Languages=none -o Acquire::Retries=3)
say "fetching CBMC from Debian $suite"
if ! (apt-get "${options[@]}" update && cd "$build" && apt-get "${options[@]}" download "${packages[@]}") \
    >"$build/log" 2>&1; then
    tail -n 5 "$build/log" >&2
    say "the packages could not be fetched: ${packages[*]}"
    exit 1
fi
for package in "$build"/*.deb; do
    dpkg-deb -x "$package" "$build/root"
done
rm -rf "$build"/*.deb "$state"
# shellcheck disable=SC2046
$(start) --version >"$build/version"
touch "$build/.complete"
start
