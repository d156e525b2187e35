# What `make test` and `make run` need beyond the programs; see tests/README.md.

UNIT_C     := $(wildcard tests/unit/*/test_*.c)
UNIT_BIN   := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_C))
SIM_C      := $(wildcard tests/sim/*.c)
LIB_UNIT   := $(LIB_EXTRACT) $(LIB_LOAD) $(LIB_SPOOL) $(LIB_SHARED)

LIBS_SIM   := -lmicrohttpd -lz -lpthread $(LIBS_SHARED)

$(BUILD)/netty-sim: $(call obj,$(SIM_C)) $(LIB_SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_SIM)

$(BUILD)/unit/shared/%: $(BUILD)/obj/tests/unit/shared/%.o $(LIB_SHARED)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_SHARED)
$(BUILD)/unit/spool/%: $(BUILD)/obj/tests/unit/spool/%.o $(LIB_SPOOL) $(LIB_SHARED)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_SPOOL)
$(BUILD)/unit/extract/%: $(BUILD)/obj/tests/unit/extract/%.o $(LIB_EXTRACT) $(LIB_SPOOL) $(LIB_SHARED)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_EXTRACT)
$(BUILD)/unit/load/%: $(BUILD)/obj/tests/unit/load/%.o $(LIB_LOAD) $(LIB_SPOOL) $(LIB_SHARED)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_LOAD)
$(BUILD)/unit/sim/%: $(BUILD)/obj/tests/unit/sim/%.o $(call obj,$(filter-out tests/sim/main.c,$(SIM_C))) $(LIB_SHARED)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_SIM)

# The crawl's model: every history is a seed (tests/model/history.h). A slice of it is a unit test.
MODEL_C    := tests/model/world.c tests/model/history.c tests/model/play.c
$(BUILD)/crawl_model: $(call obj,tests/model/crawl_model.c $(MODEL_C)) $(LIB_EXTRACT) $(LIB_SPOOL) $(LIB_SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_EXTRACT)
$(BUILD)/unit/extract/test_crawl_model: $(call obj,tests/unit/extract/test_crawl_model.c $(MODEL_C)) $(LIB_EXTRACT) $(LIB_SPOOL) $(LIB_SHARED)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_EXTRACT)

N := 1000000
.PHONY: model
model: $(BUILD)/crawl_model
	$(BUILD)/crawl_model $(N)

.PRECIOUS: $(BUILD)/obj/tests/unit/%.o
.PHONY: sim unit
sim: $(BUILD)/netty-sim
unit: $(UNIT_BIN)

# The two commands.
.PHONY: run stop test check-build check-lint check-unit check-e2e format
run:
	@tests/demo/run.sh
stop:
	@tests/demo/stop.sh
test:
	@tests/setup.sh test
	@tests/run.sh
check-build check-lint check-unit check-e2e: check-%:
	@tests/run.sh $*
# Not part of `make test`: what has to be fetched by npm, and what takes many minutes.
.PHONY: test-newer-postgres campaign-load
test-newer-postgres:
	@tests/setup.sh test
	@tests/run.sh newer
campaign-load:
	@tests/setup.sh test
	@PYTEST="$(PYTEST) -k test_load" tests/run.sh campaign
format:
	clang-format -i $$(git ls-files '*.c' '*.h')
