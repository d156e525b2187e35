# netty: a REST API into PostgreSQL by way of files.
#
#   make            the three programs, their man pages and completion, in build/
#   make run        the main job: real with NETTY_API_KEY and a database set, else a demonstration
#   make stop       stop what `make run` left running
#   make test       everything that proves it, on a bare Debian 12 too
#   make check-unit / check-e2e / check-lint / arrows / format      parts of `make test`, and its mender
#   make install DESTDIR= PREFIX=/usr/local
#   make deb        a Debian package, in build/
#   make clean
#
# SAN=1 builds with the address and undefined-behaviour sanitizers, into build/san/.
# CC=clang builds with clang (give it a BUILD of its own). V=1 shows every command whole.

SHELL   := /bin/bash
CC      ?= gcc
ifeq ($(origin CC),default)
CC      := gcc
endif
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 0.2.0
SPOOL_DIR ?= var/spool

WARN    := -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes \
           -Wmissing-prototypes -Wpointer-arith -Wundef -Wformat=2 -Wvla -Werror
CSTD    := -std=c11 -D_GNU_SOURCE -I. -DNETTY_VERSION='"$(VERSION)"'
ifeq ($(SAN),1)
BUILD   ?= build/san
OPT     := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
           -DNETTY_FAULTS
LDSAN   := -fsanitize=address,undefined
else
BUILD   ?= build
# What makes a mistake in memory end the program instead of being used; where a compiler lacks one, it is left out.
accepts  = $(shell echo 'int main(void){return 0;}' | $(CC) -Werror $(1) -x c -c -o /dev/null - 2>/dev/null && echo '$(1)')
OPT     := -O2 -g -ffile-prefix-map=$(CURDIR)=. -fPIE -fstack-protector-strong $(call accepts,-fstack-clash-protection) -D_FORTIFY_SOURCE=3
LDSAN   := -pie -Wl,-z,relro,-z,now
endif
CFLAGS  := $(CSTD) $(WARN) $(OPT) $(EXTRA_CFLAGS)
LDFLAGS := $(LDSAN) $(EXTRA_LDFLAGS)

PG_INC   = $(shell pg_config --includedir 2>/dev/null || echo /usr/include/postgresql)

# A line a file; V=1 shows the commands.
Q   := $(if $(V),,@)
say  = @$(if $(V),:,printf '%-4s %s\n' $(1) $(if $(filter CC,$(1)),$<,$@))

# A program is its room's files, in folders; the spool's reading and writing half is a library for the other two.
code       = $(wildcard $(1)/*/*.c)
SHARED_C  := $(filter-out shared/manual/% shared/pair/%,$(call code,shared))
SPOOL_CLI := $(wildcard spool/cli/*.c)
SPOOL_C   := $(filter-out $(SPOOL_CLI),$(call code,spool))
EXTRACT_C := $(filter-out extract/cli/main.c,$(call code,extract))
LOAD_C    := $(filter-out load/cli/main.c,$(call code,load))
SQL       := $(wildcard load/sql/*.sql)
SITE      := spool/status/page/status.html spool/status/page/accounts.html

# One file alone knows where the spool is: what is installed has that file of its own, and the objects of OBJ.
OBJ   ?= $(BUILD)/obj
GEN   := $(OBJ:obj=gen)
TABLE := shared/options/option_table
obj = $(patsubst $(OBJ)/$(TABLE).o,$(BUILD)/obj/$(TABLE).o,$(patsubst %.c,$(OBJ)/%.o,$(1)))
LIB_SHARED  := $(BUILD)/obj/libshared.a
LIB_SPOOL   := $(OBJ)/libspool.a
LIB_EXTRACT := $(OBJ)/libextract.a
LIB_LOAD    := $(OBJ)/libload.a

LIBS_SHARED  := -lyajl -linih -luv -lm
LIBS_SPOOL   := -lzstd -lxxhash $(LIBS_SHARED)
LIBS_SERVE   := -lmicrohttpd
LIBS_EXTRACT := -lcurl $(LIBS_SERVE) $(LIBS_SPOOL)
LIBS_LOAD    := -lpq $(LIBS_SERVE) $(LIBS_SPOOL)

PROGRAMS := $(BUILD)/netty-extract $(BUILD)/netty-load $(BUILD)/netty-spool

# Man pages and completion come from the same tables as --help (shared/manual), so they are made with the programs: what
# is not documented does not build.
MANUAL_C := $(wildcard shared/manual/*.c)
NAMES    := netty-extract netty-load netty-spool
PAGES    := $(addprefix $(BUILD)/man/,$(NAMES:=.1) netty.conf.5 netty-log.7)
SHELLS   := $(addprefix $(BUILD)/completion/bash/,$(NAMES)) $(addprefix $(BUILD)/completion/zsh/_,$(NAMES))

.PHONY: all
all: $(PROGRAMS) $(BUILD)/netty-pair $(PAGES) $(SHELLS)

$(BUILD)/netty-extract: $(call obj,extract/cli/main.c) $(LIB_EXTRACT) $(LIB_SPOOL) $(LIB_SHARED)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_EXTRACT)
$(BUILD)/netty-load: $(call obj,load/cli/main.c) $(LIB_LOAD) $(LIB_SPOOL) $(LIB_SHARED)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_LOAD)
$(BUILD)/netty-spool: $(call obj,$(SPOOL_CLI)) $(LIB_SPOOL) $(LIB_SHARED)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_SPOOL)

# The two programs as one, for containers.
$(BUILD)/netty-pair: $(call obj,shared/pair/netty-pair.c) $(LIB_SHARED)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LIBS_SHARED)

$(LIB_SHARED):  $(call obj,$(SHARED_C))
$(LIB_SPOOL):   $(call obj,$(SPOOL_C)) $(OBJ)/spool/site_files.o
$(LIB_EXTRACT): $(call obj,$(EXTRACT_C))
$(LIB_LOAD):    $(call obj,$(LOAD_C)) $(OBJ)/load/sql_files.o
%.a:
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

define compile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(1) -MMD -MP -c -o $@ $<
endef
$(OBJ)/%.o: %.c
	$(call compile,$(if $(filter load/% tests/unit/load/% tests/bench/%,$<),-I$(PG_INC)))
$(BUILD)/obj/$(TABLE).o: $(TABLE).c
	$(call compile,-DNETTY_DEFAULT_SPOOL='"$(SPOOL_DIR)"')

# The loader's SQL is kept as files that psql runs too, and compiled in as strings.
$(GEN)/load/sql_files.c: load/sql/embed.sh $(SQL)
	@mkdir -p $(@D)
	$(call say,GEN)
	$(Q)sh load/sql/embed.sh $(SQL) >$@.tmp && mv $@.tmp $@
$(OBJ)/load/sql_files.o: $(GEN)/load/sql_files.c
	$(call compile,-ffile-prefix-map=$(GEN)=gen)

$(BUILD)/netty-manual: $(call obj,$(MANUAL_C)) $(LIB_SHARED)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LIBS_SHARED)
# $(call made,ARGUMENTS[,INPUT]): a file that the generator writes, whole or not at all.
made = @mkdir -p $(@D) && $(BUILD)/netty-manual $(1) $(if $(2),<$(2)) >$@.tmp && mv $@.tmp $@
$(BUILD)/man/netty-extract.1: extract/netty-extract.1.in $(BUILD)/netty-manual
	$(call made,page netty-extract,$<)
$(BUILD)/man/netty-load.1: load/netty-load.1.in $(BUILD)/netty-manual
	$(call made,page netty-load,$<)
$(BUILD)/man/netty-spool.1: spool/netty-spool.1.in $(BUILD)/netty-manual
	$(call made,page netty-spool,$<)
$(BUILD)/man/netty.conf.5: shared/manual/netty.conf.5.in $(BUILD)/netty-manual
	$(call made,page conf,$<)
$(BUILD)/man/netty-log.7: shared/manual/netty-log.7
	@mkdir -p $(@D) && cp $< $@
$(BUILD)/completion/bash/%: $(BUILD)/netty-manual
	$(call made,bash $*)
$(BUILD)/completion/zsh/_%: $(BUILD)/netty-manual
	$(call made,zsh $*)

# So are the status pages.
$(GEN)/spool/site_files.c: spool/status/page/embed.sh $(SITE)
	@mkdir -p $(@D)
	$(call say,GEN)
	$(Q)sh spool/status/page/embed.sh $(SITE) >$@.tmp && mv $@.tmp $@
$(OBJ)/spool/site_files.o: $(GEN)/spool/site_files.c
	$(call compile,-ffile-prefix-map=$(GEN)=gen)

include tests/tests.mk

# Installed programs keep their spool in /var/spool/netty, those of a checkout below it: hence programs of their own.
INSTALLED := build/installed
SHARE     := $(DESTDIR)$(PREFIX)/share
# Units are a machine's affair wherever the programs are; Debian's packages put them below /lib.
UNITS     := $(DESTDIR)$(if $(filter /usr,$(PREFIX)),/lib,/etc)/systemd/system
# Where zsh looks: distributions' packages below /usr, everybody else below /usr/local.
ZSH       := $(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
UNIT_FILES := $(foreach room,extract load spool,$(wildcard $(room)/systemd/*.service $(room)/systemd/*.timer)) shared/pair/netty-sync.target
# $(call put,MODE,FOLDER,FILE...): files into a folder, a line each.
define put
$(Q)install -d $(2)
$(if $(V),,@printf 'INST %s\n' $(foreach file,$(3),$(subst $(DESTDIR),,$(2))$(notdir $(file))))
$(Q)install -m $(1) $(3) $(2)

endef
.PHONY: install
install: all
	$(Q)$(MAKE) --no-print-directory BUILD=$(INSTALLED) OBJ=$(OBJ) SPOOL_DIR=/var/spool/netty all
	$(call put,0755,"$(DESTDIR)$(PREFIX)/bin/",$(PROGRAMS:$(BUILD)/%=$(INSTALLED)/%))
	$(call put,0755,"$(DESTDIR)$(PREFIX)/libexec/netty/",$(INSTALLED)/netty-pair)
	$(call put,0644,"$(UNITS)/",$(UNIT_FILES))
	$(Q)sed -i 's|/usr/bin/|$(PREFIX)/bin/|' $(foreach unit,$(notdir $(UNIT_FILES)),"$(UNITS)/$(unit)")
	$(call put,0755,"$(UNITS)/../system-generators/",shared/pair/netty-generator)
	$(foreach n,1 5 7,$(call put,0644,"$(SHARE)/man/man$(n)/",$(patsubst $(BUILD)/%,$(INSTALLED)/%,$(filter %.$(n),$(PAGES)))))
	$(call put,0644,"$(SHARE)/bash-completion/completions/",$(patsubst $(BUILD)/%,$(INSTALLED)/%,$(filter $(BUILD)/completion/bash/%,$(SHELLS))))
	$(call put,0644,"$(SHARE)/zsh/$(ZSH)/",$(patsubst $(BUILD)/%,$(INSTALLED)/%,$(filter $(BUILD)/completion/zsh/%,$(SHELLS))))

.PHONY: clean
clean:
	rm -rf build

-include $(shell find $(sort $(OBJ) $(BUILD)/obj) -name '*.d' 2>/dev/null)
