# galloc: the verbs. `make` alone prints them.
#
# Each verb fetches, installs and builds what it lacks, into build/ and .venv/ only, and reports it on stderr. Those with
# ## are printed.
# MPY_DIR=path takes a checkout of MicroPython of your own instead of the pinned release.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export TARGET SCRIPT MPY_DIR GALLOC_REGION_SIZE GALLOC_OPTIMIZE BOARDS

TOOLS := host_tests/tools
SETUP := $(TOOLS)/setup.sh
PYTHON_VENV := .venv/bin/python
READY := $(SETUP) apt:base venv

.PHONY: help
help: # prints the verbs
	@awk -F ' *## ' '/^[a-z-]+:.* ## / { sub(/:.*/, "", $$1); printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## replays a real program's trace on the emulated MPS2_AN385 board and shows stats and the heap map
	@$(READY)
	@$(PYTHON_VENV) $(TOOLS)/build.py MPS2_AN385
	@$(PYTHON_VENV) $(TOOLS)/parts.py
	@$(PYTHON_VENV) -m galloc_mp demo --save build/demo $(addprefix host_tests/traces/,lua.trace.gz tls.trace.gz sqlite.trace.gz)

.PHONY: test
test: ## runs all tests; K=expr selects, BOARDS=all runs all scripts on all boards
	@$(TOOLS)/test.sh $(if $(K),-k '$(K)')

.PHONY: soak
soak: # what the tests do in short, for an hour or more: faults, states, fuzzing, programs, two cores ROUNDS=500000 times
	@$(MAKE) verify WHAT=fault COUNT=100000
	@$(MAKE) verify WHAT=closure BYTES=208
	@$(MAKE) verify WHAT=fuzz SECONDS=900
	@BOARDS=all GALLOC_ROUNDS=$(or $(ROUNDS),500000) $(TOOLS)/test.sh --timeout 7200 host_tests/rp2040 \
		host_tests/qemu/test_shared_with_c.py host_tests/device/test_programs.py

.PHONY: check
check: ## what CI runs: lint, test, the gates of coverage and of instructions
	@$(MAKE) lint
	@$(MAKE) test K=
	@$(MAKE) verify WHAT=cover
	@$(MAKE) bench-gate

# `make -C` names its folder on stdout, which belongs to the script, and for make 4.3 the flag at the top comes too late.
# It leaves that out where output is sorted (-O with -j), and from a line with + in front the output comes at once then.
flags := $(firstword -$(MAKEFLAGS))
ifeq ($(MAKECMDGOALS) $(findstring w,$(flags))$(findstring n,$(flags)),run w)
MAKEFLAGS += -Oline -j2
DIRECTLY := +
endif

.PHONY: run
run: ## runs a script: TARGET=unix SCRIPT=f.py [TIMEOUT=s]; ends with 1 when it raised, 2 on a time-out
	$(DIRECTLY)@$(if $(and $(TARGET),$(SCRIPT)),,echo 'use make run TARGET=t SCRIPT=f.py; the targets: make targets' >&2; exit 1)
	$(DIRECTLY)@$(READY)
	$(DIRECTLY)@$(PYTHON_VENV) -m galloc_mp run --build --timeout '$(or $(TIMEOUT),60)' "$$TARGET" "$$SCRIPT"

.PHONY: targets
targets: ## lists the targets of `make run`
	@$(READY)
	@$(PYTHON_VENV) -m galloc_mp targets

.PHONY: build
build: # builds what TARGET=t runs
	@$(if $(TARGET),,echo 'use make build TARGET=t; the targets: make targets' >&2; exit 1)
	@$(READY)
	@$(PYTHON_VENV) $(TOOLS)/build.py $(TARGET)

.PHONY: firmware
firmware: ## builds build/firmware/b/firmware.elf with the module: BOARD=b [GALLOC_REGION_SIZE=64K GALLOC_OPTIMIZE=-Os]
	@$(READY)
	@$(PYTHON_VENV) $(TOOLS)/build.py 'board:$(BOARD)'

.PHONY: natmod
natmod: ## builds the native module in build/natmod/a_<abi>/: ARCH=a
	@$(READY)
	@$(PYTHON_VENV) $(TOOLS)/build.py 'natmod:$(ARCH)'

.PHONY: natmods
natmods: # builds the native module for every architecture that there is a compiler for
	@$(READY)
	@$(PYTHON_VENV) $(TOOLS)/build.py natmods

.PHONY: parts
parts: # builds what the tools on this machine need: the allocator as WebAssembly, the chart library
	@$(READY)
	@$(PYTHON_VENV) $(TOOLS)/parts.py

.PHONY: wheel
wheel: natmods ## builds build/wheel/galloc_mp-<version>-py3-none-any.whl, with every native module
	@$(PYTHON_VENV) $(TOOLS)/parts.py wheel

.PHONY: release
release: ## puts every native module, the images of the Picos, checksums and a table into build/release/
	@$(READY) micropython
	@$(PYTHON_VENV) -m host_tests.tools.release

.PHONY: lint
lint: ## checks style and compiles the core for every processor, warnings as errors
	@$(READY) apt:unix32 apt:arm apt:riscv apt:clang
	@$(PYTHON_VENV) $(TOOLS)/build.py MPS2_AN385
	@$(TOOLS)/lint.sh "$$($(PYTHON_VENV) $(TOOLS)/build.py objects:MPS2_AN385)"

# --- Measurements

.PHONY: bench
bench: ## measures galloc against its peers and writes the tables and graphs; QUICK=1 for a look in two minutes, TIMES=1 for what needs an idle machine
	@$(READY) apt:valgrind micropython
	@$(PYTHON_VENV) -m host_tests.bench $(if $(QUICK),--quick) $(if $(TIMES),--times)
	@$(PYTHON_VENV) $(TOOLS)/readme.py

.PHONY: bench-targets
bench-targets: ## counts instructions on the emulated boards, beside their C libraries' malloc; BOARD=b for a look at one
	@$(READY) apt:arm apt:riscv apt:valgrind
	@$(PYTHON_VENV) $(TOOLS)/build.py unix unix-natmod MPS2_AN385 && $(PYTHON_VENV) -m host_tests.bench.face
	@$(PYTHON_VENV) -m host_tests.bench.targets $(if $(BOARD),--board $(BOARD))
	@$(PYTHON_VENV) $(TOOLS)/readme.py

.PHONY: bench-gate
bench-gate: # fails when the core takes over 3 % more instructions than host_tests/bench/gate.json says, or banks over 20 more
	@$(READY) apt:valgrind apt:arm
	@$(PYTHON_VENV) -m host_tests.bench.gate
	@$(PYTHON_VENV) -m host_tests.bench.banks
	@$(PYTHON_VENV) $(TOOLS)/build.py unix unix-natmod MPS2_AN385 && $(PYTHON_VENV) -m host_tests.bench.face

# --- Verification

# Of each word: its module in host_tests, what it needs, its options.
MODULE_fault := fault
OPTIONS_fault = $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED))
MODULE_closure := verify.closure
OPTIONS_closure = $(if $(BYTES),--bytes $(BYTES)) $(if $(REALLOC),--realloc)
MODULE_fuzz := verify.fuzz
NEEDS_fuzz := apt:clang
OPTIONS_fuzz = --seconds $(or $(SECONDS),30) $(if $(SEED),--seed $(SEED)) $(if $(MINIMISE),--minimise) $(if $(BANKS),--banks)
MODULE_interrupts := verify.interrupts
NEEDS_interrupts := apt:arm
MODULE_prove := verify.prove
NEEDS_prove := apt:unix32
OPTIONS_prove = $(if $(UNITS),--units $(UNITS))
MODULE_cover := meta.cover
NEEDS_cover := apt:unix32
MODULE_mutate := meta.mutate
NEEDS_mutate := apt:unix32
OPTIONS_mutate = $(if $(N),--count $(N)) $(if $(SEED),--seed $(SEED)) $(if $(AGAIN),--again)

define verify_help
make verify WHAT=fault       injects COUNT=10000 faults of each kind into random heaps; SEED=n
make verify WHAT=closure     visits every state that small heaps can reach: BYTES=n of chunks, REALLOC=1
make verify WHAT=fuzz        random programs for SECONDS=30 under sanitizers; BANKS=1, SEED=n, MINIMISE=1 renews the corpus
make verify WHAT=interrupts  on emulated Cortex-M0+ and M3: an interrupt at every instruction, a power cut at every store
make verify WHAT=prove       proves arithmetic for all inputs, operations for all states of a small heap; UNITS=n
make verify WHAT=cover       fails where no test reaches a line or branch of the core, unless there is a reason
make verify WHAT=mutate      makes small mistakes in the core and shows which the tests miss; N=100 a sample, SEED=n, AGAIN=1
endef
export verify_help

.PHONY: verify
verify: ## does at length what the tests do in short: WHAT=fault|closure|fuzz|interrupts|prove|cover|mutate
	@$(if $(MODULE_$(WHAT)),,echo "$$verify_help" >&2; exit 1)
	@$(READY) $(NEEDS_$(WHAT))
	@$(PYTHON_VENV) -m host_tests.$(MODULE_$(WHAT)) $(OPTIONS_$(WHAT))

# --- Upkeep

.PHONY: docs
docs: ## draws the picture of README.md and writes its tables from the latest measurements
	@$(READY)
	@$(PYTHON_VENV) $(TOOLS)/picture/draw.py
	@$(PYTHON_VENV) $(TOOLS)/readme.py

.PHONY: figures
figures: # builds every board and native module and writes what they take of flash and RAM into boards/README.md
	@$(READY)
	@$(PYTHON_VENV) $(TOOLS)/build.py boards natmods
	@$(PYTHON_VENV) -m host_tests.tools.figures

.PHONY: format
format: ## lays out the C and Python sources
	@$(READY)
	@$(TOOLS)/format.sh

.PHONY: clean
clean: ## removes what was built; downloads and .venv stay
	@$(TOOLS)/clean.sh

.PHONY: distclean
distclean: # removes everything that was generated, downloads and .venv too
	@rm -rf build .venv
