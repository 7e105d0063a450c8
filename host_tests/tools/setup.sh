#!/usr/bin/env bash
# Fetches and installs what the verbs of the Makefile need, and nothing that is there already.
#
#   setup.sh STEP...    steps: apt:GROUP (base unix32 arm riscv xtensa clang wasm valgrind node cmake chromium),
#                       venv,
#                       micropython, rp2 (the libraries of that port), rp2040js (the emulator), uplot (charts),
#                       playwright (drives a browser)
#
# Before it starts it prints once what it is about to install and where. Progress goes to stderr, the long output of the
# tools to build/log/. A step counts as done only when it left its
# stamp, which is written last, so a step that was interrupted starts again at the next call.
set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$root/build
tools=$root/host_tests/tools

# The sources of MicroPython: Debian's copy of the release, known by its checksum.
mpy_version=1.25.0
mpy_source=micropython=1.25.0+ds-1
mpy_suite=trixie
mpy_file=micropython_1.25.0+ds.orig.tar.xz
mpy_sha256=7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea

say() { printf 'set-up: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

# logged NAME COMMAND...: runs it with its output in build/log/NAME.log, of which the end is shown when it fails.
logged() {
    local log=$build/log/$1.log
    shift
    mkdir -p "$build/log"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        die "this failed: $* (all of its output: $log)"
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "root rights are needed for: $* (run it as root, or install sudo)"
    fi
}

# --- Debian packages ---------------------------------------------------------------------------------------------

group_packages() {
    case $1 in
    base) echo gcc make libc6-dev pkg-config libffi-dev xz-utils ca-certificates git python3 python3-venv ;;
    unix32) echo gcc-multilib ;;
    arm) echo gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib qemu-system-arm ;;
    xtensa) echo gcc-xtensa-lx106 picolibc-xtensa-lx106-elf qemu-system-misc ;;
    riscv) echo gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc ;;
    clang) echo clang libclang-rt-14-dev ;;
    wasm) echo clang lld ;;
    valgrind) echo valgrind ;;
    node) echo nodejs npm ;;
    cmake) echo cmake ;;
    chromium) echo chromium ;;
    *) die "unknown package group '$1'" ;;
    esac
}

# A program that came another way than as a package (node from elsewhere, for example) is taken as it is.
group_present() {
    case $1 in
    node) command -v node >/dev/null && command -v npm >/dev/null ;;
    cmake) command -v cmake >/dev/null ;;
    *) false ;;
    esac
}

missing_packages() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 -o APT::Update::Error-Mode=any "$@"
}

# Fails where a package that is installed would have to go.
install_packages() { LC_ALL=C apt_get install -y --no-install-recommends --no-remove "$@"; }

# refuse_removal WANTED LOG: ends with what is in the way, if that is why apt-get failed.
refuse_removal() {
    local removed
    removed=$(awk '/^The following packages will be REMOVED:/ { on = 1; next } /^[^ ]/ { on = 0 } on' "$2" | xargs)
    [ -z "$removed" ] ||
        die "not installed: $1; ${removed// /, } would be removed for it. Remove it yourself if you can do without it"
}

have_apt() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }

# missing_in GROUP: its packages that are not installed, by spaces.
missing_in() {
    group_present "$1" && return
    # shellcheck disable=SC2046
    missing_packages $(group_packages "$1") | xargs
}

step_apt() {
    local group=$1 missing
    group_present "$group" && return
    if ! have_apt; then
        # Not a Debian: print once what is needed; where it is missing, the compiler's own message shows that.
        [ -e "$build/stamps/named-$group" ] && return
        say "no apt-get here; make sure that this is installed, by Debian's names: $(group_packages "$group")"
        mkdir -p "$build/stamps" && touch "$build/stamps/named-$group"
        return
    fi
    missing=$(missing_in "$group")
    [ -z "$missing" ] && return
    say "installing Debian packages: $missing"
    # An interrupted dpkg is mended first; this does nothing otherwise.
    logged dpkg as_root dpkg --configure -a
    # The lists may be missing or too old to be served; only then are they fetched again.
    # shellcheck disable=SC2086
    if ! install_packages $missing >"$build/log/apt-$group.log" 2>&1 </dev/null; then
        refuse_removal "$missing" "$build/log/apt-$group.log"
        say "refreshing the package lists"
        logged apt-update apt_get update
        # shellcheck disable=SC2086
        if ! install_packages $missing >"$build/log/apt-$group.log" 2>&1 </dev/null; then
            refuse_removal "$missing" "$build/log/apt-$group.log"
            tail -n 20 "$build/log/apt-$group.log" >&2
            die "these packages did not install: $missing (all of apt-get's output: $build/log/apt-$group.log)"
        fi
    fi
    missing=$(missing_in "$group")
    [ -z "$missing" ] || die "these packages did not install: $missing (see $build/log/apt-$group.log)"
}

# --- Python ------------------------------------------------------------------------------------------------------

find_python() {
    local python
    for python in "${PYTHON:-}" python3.11 python3 /usr/bin/python3 python3.12 python3.13; do
        [ -n "$python" ] || continue
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$python" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    die "no Python of version 3.11 or later with venv; install python3 and python3-venv, or set PYTHON=path"
}

venv_stamp() { cat "$tools/requirements.txt" "$tools/requirements-nodeps.txt" | sha256sum | cut -d' ' -f1; }

venv_complete() {
    [ "$(cat "$root/.venv/.complete" 2>/dev/null)" = "$(venv_stamp)" ] &&
        "$root/.venv/bin/python" "$tools/have_modules.py" 2>/dev/null
}

step_venv() {
    local venv=$root/.venv stamp
    venv_complete && return
    stamp=$(venv_stamp)
    if [ ! -e "$venv/.complete" ] || ! "$venv/bin/python" "$tools/have_modules.py" 2>/dev/null; then
        say "making the virtual environment .venv"
        rm -rf "$venv"
        logged venv "$(find_python)" -m venv "$venv"
    fi
    rm -f "$venv/.complete"
    say "installing Python packages into .venv"
    logged pip "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --retries 5 \
        -r "$tools/requirements.txt"
    # Built for one version of Python only; the one test that wants it says so where it is missing.
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --retries 5 \
        --no-deps -r "$tools/requirements-nodeps.txt" >"$build/log/pip-nodeps.log" 2>&1 </dev/null ||
        say "left out: $(grep -v '^#' "$tools/requirements-nodeps.txt") (see $build/log/pip-nodeps.log)"
    # The project itself, so that `python -m galloc_mp` works from any folder.
    echo "$root" >"$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/galloc_mp.pth"
    "$venv/bin/python" "$tools/have_modules.py" || die "the virtual environment is incomplete (see $build/log/pip.log)"
    echo "$stamp" >"$venv/.complete.new"
    mv "$venv/.complete.new" "$venv/.complete"
}

# --- Sources from Debian's archive -------------------------------------------------------------------------------

# The first archive in the machine's own apt sources, either format, as "ADDRESS [KEYRING]".
apt_archive() {
    local files=(/etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list)
    cat "${files[@]}" 2>/dev/null | awk '
        /^[ \t]*#/ { next }
        /^URIs:/ { uri = $2 }
        /^Suites:/ { suite = $2 }
        /^Signed-By:/ { key = $2 }
        /^deb[ \t]/ {
            line = $0; key1 = ""
            if (match(line, /signed-by=[^] ]*/)) key1 = substr(line, RSTART + 10, RLENGTH - 10)
            sub(/^deb[ \t]+(\[[^]]*\][ \t]+)?/, "", line); split(line, part, /[ \t]+/)
            if (part[1] ~ /\/debian\/?$/) { print part[1], key1; exit }
        }
        uri ~ /\/debian\/?$/ && key != "" { print uri, key; exit }
        /^[ \t]*$/ { uri = ""; key = "" }'
}

# private_apt KIND SUITE: sets apt_options to lists and settings of our own for one suite, so that the machine's are not
# touched, and fetches the lists. KIND: deb or deb-src.
apt_options=()
private_apt() {
    local kind=$1 suite=$2 state=$build/apt-$1-$2 archive key
    read -r archive key <<<"$(apt_archive)" || true
    [ -n "$archive" ] || return 1
    [ -n "$key" ] || key=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$build/log"
    echo "$kind [signed-by=$key] $archive $suite main" >"$state/sources.list"
    apt_options=(-q -o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state/cache" -o APT::Sandbox::User= -o Debug::NoLocking=1
        -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Update::Error-Mode=any)
    apt-get "${apt_options[@]}" update
}

# fetch_source PACKAGE[=VERSION] SUITE FOLDER: the original tarball of a Debian source package.
fetch_source() {
    mkdir -p "$3"
    private_apt deb-src "$2" &&
        (cd "$3" && apt-get "${apt_options[@]}" source --download-only --only-source --tar-only "$1")
}

# fetch_package PACKAGE[=VERSION] SUITE FOLDER: a Debian package, which is not installed.
fetch_package() {
    mkdir -p "$3"
    private_apt deb "$2" && (cd "$3" && apt-get "${apt_options[@]}" download "$1")
}

# --- MicroPython -------------------------------------------------------------------------------------------------

# Files of the tree without what Python leaves there when its tools run.
count_files() { find "$1" -name __pycache__ -prune -o -type f ! -name '.galloc-*' -print | wc -l; }

mpy_complete() {
    local stamp=$build/micropython/.galloc-complete
    [ -e "$stamp" ] && [ "$(head -n 1 "$stamp")" = "$mpy_sha256" ] &&
        [ "$(count_files "$build/micropython")" -ge "$(tail -n 1 "$stamp")" ]
}

checksum_ok() { [ -e "$1" ] && echo "$mpy_sha256  $1" | sha256sum -c --status; }

step_micropython() {
    local file=$build/downloads/$mpy_file new=$build/micropython.new
    if [ -n "${MPY_DIR:-}" ]; then
        [ -e "$MPY_DIR/py/mpconfig.h" ] || die "MPY_DIR=$MPY_DIR is no checkout of MicroPython: it has no py/mpconfig.h"
        return
    fi
    mpy_complete && return
    rm -rf "$new" "$build/downloads/partial"
    if ! checksum_ok "$file"; then
        if [ -e "$file" ]; then
            say "$file is damaged; fetching it again"
            rm -f "$file"
        fi
        mkdir -p "$build/downloads/partial" "$build/log"
        if command -v apt-get >/dev/null; then
            say "fetching the sources of MicroPython $mpy_version"
            fetch_source "$mpy_source" "$mpy_suite" "$build/downloads/partial" >"$build/log/source.log" 2>&1 || true
            if checksum_ok "$build/downloads/partial/$mpy_file"; then
                mv "$build/downloads/partial/$mpy_file" "$file"
            fi
        fi
    fi
    if checksum_ok "$file"; then
        say "unpacking MicroPython $mpy_version"
        mkdir -p "$new"
        logged unpack tar -xJf "$file" -C "$new" --strip-components=1
    else
        say "Debian's sources are out of reach; cloning MicroPython v$mpy_version from its own repository"
        logged clone git clone --quiet --depth 1 --branch "v$mpy_version" \
            https://github.com/micropython/micropython "$new"
    fi
    printf '%s\n%s\n' "$mpy_sha256" "$(count_files "$new")" >"$new/.galloc-complete"
    rm -rf "$build/micropython" "$build/downloads/partial"
    mv "$new" "$build/micropython"
}

# --- Sources of others ---------------------------------------------------------------------------------------------

# library_complete NAME TAG FILE
library_complete() { [ -e "$build/sources/$1/$3" ] && [ "$(cat "$build/sources/$1.complete" 2>/dev/null)" = "$2" ]; }

# library NAME FILE REPOSITORY TAG COMMAND...: fills build/sources/NAME, known to be whole by FILE, by COMMAND (which
# unpacks into the folder that follows as its last argument), else from the library's own repository.
library() {
    local name=$1 file=$2 repository=$3 tag=$4 folder=$build/sources/$1
    shift 4
    if ! library_complete "$name" "$tag" "$file"; then
        say "fetching the sources of $name"
        rm -rf "$folder" "$folder.new"
        mkdir -p "$folder.new"
        if ! command -v apt-get >/dev/null || ! "$@" "$folder.new" >"$build/log/$name.log" 2>&1; then
            rm -rf "$folder.new"
            logged "$name" git clone --quiet --depth 1 --branch "$tag" --recurse-submodules --shallow-submodules \
                "https://github.com/$repository" "$folder.new"
        fi
        [ -e "$folder.new/$file" ] || die "the sources of $name came without $file (see $build/log/$name.log)"
        mv "$folder.new" "$folder"
        echo "$tag" >"$folder.complete"
    fi
}

# rp2_library NAME FILE ...: as library, and puts it where MicroPython's release has an empty folder for it.
rp2_library() {
    local place=$build/micropython/lib/$1
    library "$@"
    if [ ! -e "$place/$2" ]; then
        rm -rf "$place"
        ln -s "../../sources/$1" "$place"
    fi
}

unpack_package() {
    local package=$1 inside=$2 folder=$3
    fetch_package "$package" trixie "$folder.deb" && dpkg-deb -x "$folder.deb"/*.deb "$folder.deb/all" &&
        mv "$folder.deb/all/$inside"/* "$folder/" && rm -rf "$folder.deb"
}

unpack_source() {
    local package=$1 folder=$2
    fetch_source "$package" trixie "$folder.tar" && tar -xf "$folder.tar"/*.orig.tar.* -C "$folder" --strip-components=1 &&
        rm -rf "$folder.tar"
}

step_rp2() {
    local name
    if [ -n "${MPY_DIR:-}" ]; then
        for name in pico-sdk tinyusb mbedtls; do
            [ -n "$(ls -A "$MPY_DIR/lib/$name" 2>/dev/null)" ] ||
                die "MPY_DIR=$MPY_DIR lacks lib/$name: run \`make -C ports/rp2 submodules\` there"
        done
        return
    fi
    mkdir -p "$build/sources"
    rp2_library pico-sdk pico_sdk_init.cmake raspberrypi/pico-sdk 2.1.1 \
        unpack_package pico-sdk-source=2.1.1-1 usr/src/pico-sdk
    rp2_library tinyusb src/tusb.c hathach/tinyusb 0.18.0 \
        unpack_package tinyusb-source=0.18.0+dfsg-1 usr/src/tinyusb
    # Point releases replace each other in the suite, so without a number.
    rp2_library mbedtls include/mbedtls/version.h Mbed-TLS/mbedtls v3.6.2 unpack_source mbedtls
}

# unpack_qemu FOLDER: what the assembler for Xtensa needs to know about a core with windows, and floating point.
unpack_qemu() {
    local folder=$1
    # Without a number, as above.
    fetch_source qemu trixie "$folder.tar" &&
        tar -xf "$folder.tar"/*.orig.tar.* -C "$folder" --strip-components=1 --wildcards \
            '*/target/xtensa/core-sample_controller/*' '*/target/xtensa/core-lx106/core-isa.h' '*/target/xtensa/xtensa-isa*.h' \
            '*/include/hw/xtensa/xtensa-isa.h' '*/berkeley-softfloat-3/source/*.[ch]' &&
        rm -rf "$folder.tar"
}

xtensa_complete() {
    local made=$build/xtensa/core.so
    [ "$made" -nt "$root/host_tests/xtensa/assembler_core.c" ] && [ "$made" -nt "$build/sources/qemu.complete" ]
}

# A compiler for ESP32, S2 and S3 in build/xtensa/bin: Debian's for ESP8266 has their calling convention too, and its
# assembler takes another core's instructions.
step_xtensa() {
    local kit=$build/xtensa core=$root/host_tests/xtensa/assembler_core.c tool
    library qemu target/xtensa/core-lx106/core-isa.h qemu/qemu v9.2.0 unpack_qemu
    xtensa_complete && return
    say "making xtensa-esp32-elf-gcc"
    rm -rf "$kit"
    mkdir -p "$kit/stub/qemu" "$kit/bin"
    # What the tables include: these headers, and a name that QEMU defines.
    mkdir -p "$kit"/include-{windowed,call0}/xtensa/config
    # MicroPython asks a core what it has, by the name that a chip's own compiler has for this file.
    cp "$build/sources/qemu/target/xtensa/core-sample_controller/core-isa.h" "$kit/include-windowed/xtensa/config/"
    cp "$build/sources/qemu/target/xtensa/core-lx106/core-isa.h" "$kit/include-call0/xtensa/config/"
    printf '#include <%s>\n' stdio.h string.h stdint.h >"$kit/stub/qemu/osdep.h"
    for tool in gcc ar nm size objcopy objdump readelf; do
        printf '#!/bin/sh\nXTENSA_GNU_CONFIG=%q exec xtensa-lx106-elf-%s "$@"\n' \
            "$kit/core.so" "$tool$([ $tool = gcc ] && echo ' -mabi=windowed')" >"$kit/bin/xtensa-esp32-elf-$tool"
        chmod +x "$kit/bin/xtensa-esp32-elf-$tool"
    done
    (
        cd "$build/sources/qemu"
        logged xtensa gcc -shared -fPIC -O1 -w '-DATTRIBUTE_UNUSED=__attribute__((unused))' -I"$kit/stub" \
            -Itarget/xtensa/core-sample_controller -Itarget/xtensa -Iinclude "$core" -o "$kit/core.so.new"
    )
    mv "$kit/core.so.new" "$kit/core.so"
}

# Packages of npm by the name of the step: FOLDER in build/, PACKAGE@VERSION, FILE that shows that it is whole.
npm_rp2040js=(npm rp2040js@1.4.1 rp2040js/dist/esm/index.js)
npm_uplot=(npm-uplot uplot@1.6.32 uplot/dist/uPlot.iife.min.js)
npm_playwright=(npm-playwright playwright-core@1.65.1 playwright-core/index.mjs)

# npm_complete FOLDER PACKAGE@VERSION FILE
npm_complete() {
    [ "$(cat "$build/$1/.complete" 2>/dev/null)" = "$2" ] && [ -e "$build/$1/node_modules/$3" ]
}

# npm_package FOLDER PACKAGE@VERSION FILE: installs it into build/FOLDER.
npm_package() {
    local folder=$build/$1 package=$2
    npm_complete "$@" && return
    say "installing $package into build/$1"
    rm -rf "$folder"
    mkdir -p "$folder"
    echo '{"private": true}' >"$folder/package.json"
    logged "$1" npm install --prefix "$folder" --no-save --no-audit --no-fund --no-update-notifier "$package"
    echo "$package" >"$folder/.complete"
}

# --- What is about to happen -------------------------------------------------------------------------------------

# plan STEP...: a line for each thing that these steps will install, and where; nothing where all of it is there.
plan() {
    local step packages='' apt='apt-get'
    [ "$(id -u)" = 0 ] || apt='sudo apt-get'
    for step in "$@"; do
        case $step in
        apt:*) have_apt && packages+=" $(missing_in "${step#apt:}")" ;;
        esac
    done
    packages=$(printf '%s\n' $packages | sort -u | xargs)
    [ -z "$packages" ] || echo "into the system, by $apt: $packages"
    for step in "$@"; do
        case $step in
        venv) venv_complete || echo "into $root/.venv: Python packages, those of host_tests/tools/requirements.txt" ;;
        micropython)
            [ -n "${MPY_DIR:-}" ] || mpy_complete || echo "into $build/micropython: the sources of MicroPython $mpy_version"
            ;;
        rp2)
            [ -n "${MPY_DIR:-}" ] || [ -e "$build/sources/mbedtls.complete" ] ||
                echo "into $build/sources: the sources of pico-sdk, tinyusb and mbedtls"
            ;;
        xtensa) xtensa_complete || echo "into $build/xtensa: xtensa-esp32-elf-gcc, made with sources of QEMU" ;;
        rp2040js | uplot | playwright)
            local -n package=npm_$step
            npm_complete "${package[@]}" || echo "into $build/${package[0]}, by npm: ${package[1]}"
            ;;
        esac
    done
}

# check_place: ends where nothing could be built.
check_place() {
    local folder
    # make takes a path apart at spaces, and MicroPython's makefiles and the compilers' commands take it as it is.
    for folder in "$root" "${MPY_DIR:-}"; do
        [[ $folder != *[[:space:]\"\'\$\#:\;\\%\&\(\)]* ]] ||
            die "make cannot build in '$folder': move it to a path without spaces and without any of \" ' \$ # : ; \\ % & ( )"
    done
    for folder in "$root" "$build" "$build/stamps" "$build/log" "$build/downloads"; do
        # .venv and build are made in the first.
        if [ "$folder" = "$root" ]; then
            [ -d "$root/.venv" ] && [ -d "$build" ] && continue
        else
            mkdir -p "$folder" 2>/dev/null || true
        fi
        [ -d "$folder" ] && [ -w "$folder" ] ||
            die "cannot write to $folder: set-up and builds need that; use a copy of the checkout in a folder of your own"
    done
}

# --- Steps -------------------------------------------------------------------------------------------------------

check_place
# One set-up at a time in a tree; a second one waits and then finds everything done.
if command -v flock >/dev/null; then
    exec 9>"$build/setup.lock"
    flock -n 9 || { say "waiting for another set-up in this tree"; flock 9; }
fi
planned=$(plan "$@")
if [ -n "$planned" ]; then
    say "this is missing and about to be installed:"
    while read -r line; do say "  $line"; done <<<"$planned"
fi
for step in "$@"; do
    case $step in
    apt:*) step_apt "${step#apt:}" ;;
    venv) step_venv ;;
    micropython) step_micropython ;;
    rp2) step_rp2 ;;
    xtensa) step_xtensa ;;
    rp2040js) npm_package "${npm_rp2040js[@]}" ;;
    uplot) npm_package "${npm_uplot[@]}" ;;
    playwright) npm_package "${npm_playwright[@]}" ;;
    *) die "unknown step '$step'" ;;
    esac
done
