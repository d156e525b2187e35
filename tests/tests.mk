# What `make test` and `make run` need beyond the programs; see tests/README.md.

UNIT_C     := $(wildcard tests/unit/*/test_*.c)
UNIT_BIN   := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_C))
SIM_C      := $(wildcard tests/sim/*.c tests/sim/*/*.c)
LIB_UNIT   := $(LIB_EXTRACT) $(LIB_LOAD) $(LIB_SPOOL) $(LIB_SHARED)

LIBS_SIM   := -lmicrohttpd -lz -lpthread $(LIBS_SHARED)

$(BUILD)/netty-sim: $(call obj,$(SIM_C)) $(LIB_SHARED)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_SIM)
# Found by its name, with $(BUILD)/crash/bin first on PATH.
SIM_RCLONE := $(BUILD)/crash/bin/rclone
$(SIM_RCLONE): tests/crash/rclone.c
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CSTD) $(WARN) -O2 -g -static -o $@ $<

$(BUILD)/unit/shared/%: $(BUILD)/obj/tests/unit/shared/%.o $(LIB_SHARED)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_SERVE) $(LIBS_SHARED)
$(BUILD)/unit/spool/%: $(BUILD)/obj/tests/unit/spool/%.o $(LIB_SPOOL) $(LIB_SHARED)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_SERVE) $(LIBS_SPOOL)
$(BUILD)/unit/extract/%: $(BUILD)/obj/tests/unit/extract/%.o $(LIB_EXTRACT) $(LIB_SPOOL) $(LIB_SHARED)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_EXTRACT)
$(BUILD)/unit/load/%: $(BUILD)/obj/tests/unit/load/%.o $(LIB_LOAD) $(LIB_SPOOL) $(LIB_SHARED)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_LOAD)
$(BUILD)/unit/sim/%: $(BUILD)/obj/tests/unit/sim/%.o $(call obj,$(filter-out tests/sim/main.c,$(SIM_C))) $(LIB_SHARED)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_SIM)

# The crawl's model: every history is a seed (tests/model/history.h). A slice of it is a unit test.
MODEL_C    := tests/model/world.c tests/model/reply.c tests/model/history.c tests/model/play.c tests/model/checks.c tests/model/trouble.c tests/model/costs.c
$(BUILD)/crawl_model: $(call obj,tests/model/crawl_model.c $(MODEL_C)) $(LIB_EXTRACT) $(LIB_SPOOL) $(LIB_SHARED)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_EXTRACT)
$(BUILD)/unit/extract/test_crawl_model: $(call obj,tests/unit/extract/test_crawl_model.c $(MODEL_C)) $(LIB_EXTRACT) $(LIB_SPOOL) $(LIB_SHARED)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_EXTRACT)

N := 1000000
.PHONY: model
model: $(BUILD)/crawl_model
	$(BUILD)/crawl_model $(N)

# What thousands of small transactions leave in the system catalogs; a slice of it is in tests/e2e/load/test_load_follow.py.
BATCHES := 10000
.PHONY: campaign-catalog
campaign-catalog: all
	NETTY_BUILD=$(BUILD) /usr/bin/python3 tests/tools/campaign_catalog.py $(BATCHES)

# Kept, and not removed in one line of thousands of characters.
.SECONDARY: $(call obj,$(UNIT_C))
.PHONY: sim unit
sim: $(BUILD)/netty-sim $(SIM_RCLONE)
unit: $(UNIT_BIN)

# The two commands.
.PHONY: run stop test check-build check-lint check-unit check-counts check-e2e format
run:
	@tests/demo/run.sh
stop:
	@tests/demo/stop.sh
test:
	@tests/setup.sh test
	@tests/run.sh
check-build check-lint check-unit check-counts check-e2e: check-%:
	@tests/run.sh $*
# clang-tidy with all the paths that its analyzer follows by itself.
.PHONY: campaign-tidy campaign-unit
campaign-tidy:
	@tests/setup.sh test
	@TIDY_NODES=225000 tests/run.sh tidy
campaign-unit:
	@tests/setup.sh test
	@tests/run.sh campaign_unit
# Not part of `make test`: what has to be fetched by npm, and what takes many minutes.
.PHONY: test-newer-postgres campaign-load campaign-extract campaign-reconcile campaign-positions campaign-copies campaign-year campaign-remote
test-newer-postgres:
	@tests/setup.sh test
	@tests/run.sh newer
campaign-load:
	@tests/setup.sh test
	@PYTEST="$(PYTEST) -k test_load" tests/run.sh campaign
campaign-extract:
	@PYTEST="$(PYTEST) -k test_extract" tests/run.sh campaign_release
# As root: it installs Ceph's object store (150 MB), which `make test` does without.
campaign-remote:
	@tests/setup.sh test
	@PYTEST="$(PYTEST) -k test_remote_store -n 0" tests/run.sh campaign
HISTORIES := 100
campaign-reconcile:
	@tests/setup.sh test
	@HISTORIES=$(HISTORIES) PYTEST="$(PYTEST) -k test_reconcile" tests/run.sh campaign_release
campaign-positions: HISTORIES := 1000
campaign-positions:
	@tests/setup.sh test
	@HISTORIES=$(HISTORIES) PYTEST="$(PYTEST) -k positions_random --timeout 36000" tests/run.sh campaign_ordinary
campaign-copies: COPIES := 100
campaign-copies:
	@tests/setup.sh test
	@COPIES=$(COPIES) PYTEST="$(PYTEST) -k positions_copies --timeout 36000" tests/run.sh campaign_ordinary
# Hours between two runs of the simulated year; `make test` has one with larger steps. OLD: a folder of older programs to begin with.
YEAR_STEP := 3
campaign-year:
	@tests/setup.sh test
	@YEAR_STEP=$(YEAR_STEP) $(if $(OLD),NETTY_OLD_BUILD=$(OLD)) PYTEST="$(PYTEST) --timeout 36000" tests/run.sh campaign_year
# Which folder may use which: tests/lint/house.txt says, tests/lint/arrows.py checks.
.PHONY: arrows
arrows:
	@/usr/bin/python3 tests/lint/arrows.py --floors tests/lint/house.txt
format:
	clang-format -i $$(git ls-files '*.c' '*.h')

# The fuzzers (tests/fuzz): built by clang into a folder of their own.
FUZZ_C     := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BIN   := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_C))
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(LIB_UNIT)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(LIB_EXTRACT) $(LIB_LOAD) $(LIB_SPOOL) $(LIB_SHARED) -lcurl -lpq $(LIBS_SERVE) $(LIBS_SPOOL)
.SECONDARY: $(call obj,$(FUZZ_C))

SECONDS := 60
.PHONY: fuzz fuzzers fuzzers-here check-fuzz
fuzzers-here: $(FUZZ_BIN)
# AND: what else clang builds there, as `make test` has it do with the programs.
fuzzers:
	+@$(MAKE) SAN=1 CC=clang BUILD=build/clang-fuzz EXTRA_CFLAGS=-fsanitize=fuzzer-no-link fuzzers-here $(AND)
# Each for so many seconds, one after the other; a line each with how many runs it had.
fuzz: fuzzers
	@tests/fuzz/run.sh -max_total_time=$(SECONDS)
check-fuzz:
	@tests/run.sh fuzz

# The crash matrix (tests/crash): every fault point, every call that changes the disk, power failures.
CRASH_LIB := $(BUILD)/crash/preload.so
$(CRASH_LIB): tests/crash/preload.c
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CSTD) $(WARN) -O2 -g -fPIC -shared -Wl,-z,defs -o $@ $<
# Lets allocations fail.
ALLOC_LIB := $(BUILD)/crash/alloc.so
$(ALLOC_LIB): tests/crash/alloc.c
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CSTD) $(WARN) -O2 -g -fPIC -shared -Wl,-z,defs -o $@ $<
.PHONY: crash crash-lib campaign-alloc
crash-lib: $(CRASH_LIB) $(ALLOC_LIB)
# Every allocation of every program (tests/crash/alloc.py); STEP=23 tries every 23rd.
STEP := 1
campaign-alloc:
	@$(MAKE) --no-print-directory all sim crash-lib
	@tests/crash/alloc.py --step $(STEP) $(ALLOC)
# A bit turned in, and a cut at, every byte of every file of a small spool.
.PHONY: sweep
sweep:
	@$(MAKE) --no-print-directory SAN=1 all
	@$(MAKE) --no-print-directory all sim
	@tests/crash/sweep.py
crash:
	@$(MAKE) --no-print-directory all sim crash-lib
	@$(MAKE) --no-print-directory SAN=1 all
	@tests/crash/matrix.py

# Speed (tests/bench): `make bench` measures all of it and writes the table to tests/bench/README.md; see there.
BENCH_BIN := $(addprefix $(BUILD)/bench/,yajl_rate extract_rate encode_rate rowwise meter)
$(BUILD)/bench/yajl_rate: $(call obj,tests/bench/yajl_rate.c tests/bench/pages.c) $(LIB_SHARED)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_SHARED)
$(BUILD)/bench/extract_rate: $(call obj,tests/bench/extract_rate.c tests/bench/pages.c) $(LIB_EXTRACT) $(LIB_SPOOL) $(LIB_SHARED)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_EXTRACT)
$(BUILD)/bench/encode_rate: $(call obj,tests/bench/encode_rate.c tests/bench/pages.c) $(LIB_LOAD) $(LIB_SPOOL) $(LIB_SHARED)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_LOAD)
$(BUILD)/bench/rowwise: $(call obj,tests/bench/rowwise.c)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lpq
$(BUILD)/bench/meter: $(call obj,tests/bench/meter.c)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^
.PHONY: bench bench-programs
bench-programs: $(BENCH_BIN)
# `make bench N=1000000` for the long one; BENCH='--only load --rounds 3' for a part, which leaves README.md alone.
BENCH ?=
bench: N := $(if $(filter command line environment,$(origin N)),$(N),100000)
# The clients that it races against may be absent: the bench says so.
bench: all sim bench-programs
	@tests/setup.sh test
	@tests/setup.sh bench || echo "make bench goes on without the clients whose packages are missing" >&2
	@/usr/bin/python3 tests/bench/bench.py --records $(N) $(BENCH)

# Many accounts (tests/bench/fleet.py): `make bench-fleet ACCOUNTS=6 TABLES=3` for a quick look; KEEP=1 writes the table to README.md.
ACCOUNTS := 200
TABLES := 5
.PHONY: bench-fleet
bench-fleet: all sim bench-programs
	@tests/setup.sh test
	@/usr/bin/python3 tests/bench/fleet.py --accounts $(ACCOUNTS) --tables $(TABLES) $(if $(KEEP),--keep)

# The Debian package, built in a copy, for debhelper wants its folder at the top. `make test-deb` also installs, upgrades,
# downgrades, removes and purges it in a bare Debian of its own, in which a real systemd runs.
DEB := build/netty-sync_$(VERSION)_$(shell dpkg --print-architecture 2>/dev/null).deb
.PHONY: deb test-deb test-container
deb:
	@shared/debian/build.sh $(VERSION)
test-deb:
	@tests/setup.sh bare
	@$(MAKE) --no-print-directory deb
	@tests/tools/try-deb.sh $(DEB)
# `make campaign-debian SUITE=trixie`: `make run`, the package and `make test`, each on a bare Debian of that version; PARTS=deb
# for a part, CHECKS="lint unit" for parts of `make test`; "e2e" needs "build" before it: CHECKS="build e2e".
SUITE := trixie
PARTS := run deb test
.PHONY: campaign-debian
campaign-debian:
	@tests/setup.sh bare
	@CHECKS="$(CHECKS)" tests/tools/try-suite.sh $(SUITE) $(PARTS)
# The container file, followed step by step without a container engine, and what it starts.
test-container: all sim
	@tests/setup.sh test
	@/usr/bin/python3 tests/tools/try-container.py

# The parse and the encode path in counted instructions; part of `make test`. RECORD=1 makes what is measured the baseline.
.PHONY: bench-instructions
bench-instructions: all sim bench-programs
	@/usr/bin/python3 tests/bench/instructions.py $(if $(RECORD),--record)
